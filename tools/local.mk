# Tools: one .c and one man page each, and what they share.

TOOLS_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools

noinst_LTLIBRARIES += tools/libcli.la
tools_libcli_la_SOURCES = \
	tools/cli.c tools/cli.h \
	tools/hash.c tools/hash.h \
	tools/output.c \
	tools/sumlist.c tools/sumlist.h
tools_libcli_la_CPPFLAGS = $(TOOLS_CPPFLAGS)
