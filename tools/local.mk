# Tools: one .c and one man page each, and what they share.

TOOLS_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools
TOOLS_LIBS = tools/libcli.la

noinst_LTLIBRARIES += tools/libcli.la
tools_libcli_la_SOURCES = \
	tools/cli.c tools/cli.h
tools_libcli_la_CPPFLAGS = $(TOOLS_CPPFLAGS)
tools_libcli_la_LIBADD = lib/libcore.la
