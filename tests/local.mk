# Tests: cmocka programs, shell scripts and lints. Every one is listed.

TESTS_LIBS = lib/libcore.la $(CMOCKA_LIBS)

include $(srcdir)/tests/unit/local.mk
include $(srcdir)/tests/cli/local.mk
include $(srcdir)/tests/prop/local.mk
include $(srcdir)/tests/spec/local.mk
include $(srcdir)/tests/fuzz/local.mk
include $(srcdir)/tests/lint/local.mk
include $(srcdir)/tests/bench/local.mk
