# Unit tests: cmocka programs.

UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit $(CMOCKA_CFLAGS)

if HAVE_CMOCKA
UNIT_TESTS =
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)

UNIT_TESTS += tests/unit/test_base
tests_unit_test_base_SOURCES = tests/unit/test_base.c tests/unit/unit.h
tests_unit_test_base_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_LDADD = $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_id
tests_unit_test_id_SOURCES = tests/unit/test_id.c
tests_unit_test_id_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_id_LDADD = $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_threads
tests_unit_test_threads_SOURCES = tests/unit/test_threads.c
tests_unit_test_threads_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_threads_LDADD = $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_pack
tests_unit_test_pack_SOURCES = tests/unit/test_pack.c tests/unit/packs.c \
	tests/unit/packs.h tests/unit/unit.h
tests_unit_test_pack_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_pack_LDADD = $(TESTS_LIBS)
endif
