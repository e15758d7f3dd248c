# Tests: cmocka programs, shell scripts and lints. Every one is listed.

# Tests find the tools in PATH, sources by srcdir, scratch space by TMPDIR.
AM_TESTS_ENVIRONMENT = \
	srcdir='$(abs_srcdir)'; export srcdir; \
	builddir='$(abs_builddir)'; export builddir; \
	PATH='$(abs_builddir)/tools':$$PATH; export PATH; \
	LC_ALL=C; export LC_ALL;

TESTS_LIBS = lib/libcore.la $(CMOCKA_LIBS)

include $(srcdir)/tests/unit/local.mk
include $(srcdir)/tests/cli/local.mk
include $(srcdir)/tests/prop/local.mk
include $(srcdir)/tests/spec/local.mk
include $(srcdir)/tests/fuzz/local.mk
include $(srcdir)/tests/fault/local.mk
include $(srcdir)/tests/lint/local.mk
include $(srcdir)/tests/bench/local.mk
