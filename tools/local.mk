# Tools: one .c and one man page each, and what they share.
