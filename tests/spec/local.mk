# spec tests

# The pack: ckpt-pack.md, its decoder, its vectors and the library.
PACK_SPEC_TESTS = \
	tests/spec/pack_archive.sh \
	tests/spec/pack_differences.sh \
	tests/spec/pack_random.sh \
	tests/spec/pack_text.sh \
	tests/spec/pack_vectors.sh
TESTS += $(PACK_SPEC_TESTS)
EXTRA_DIST += $(PACK_SPEC_TESTS) tests/spec/check_pack.py \
	tests/spec/check_differences.py tests/spec/damage.py \
	tests/spec/every_page.py

check_PROGRAMS += tests/spec/code_pages
tests_spec_code_pages_SOURCES = tests/spec/code_pages.c
tests_spec_code_pages_LDADD = lib/libcore.la

check_PROGRAMS += tests/spec/dump_pack
tests_spec_dump_pack_SOURCES = tests/spec/dump_pack.c
tests_spec_dump_pack_LDADD = lib/libcore.la

if HAVE_CMOCKA
check_PROGRAMS += tests/spec/random_pack
tests_spec_random_pack_SOURCES = tests/spec/random_pack.c \
	tests/unit/packs.c tests/unit/packs.h tests/unit/unit.h
tests_spec_random_pack_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_spec_random_pack_LDADD = $(TESTS_LIBS)
endif

# The specifications against the code: second implementations.
TESTS += tests/spec/orbit.sh tests/spec/orbit_arch.sh
EXTRA_DIST += tests/spec/orbit.sh tests/spec/orbit_arch.sh \
	tests/spec/orbit.py \
	tests/spec/orbit_arch.py tests/spec/orbit_classes.py \
	tests/spec/orbit_order.py tests/spec/orbit_scale.py \
	tests/spec/orbit_table.py

TESTS += tests/spec/ids.sh
EXTRA_DIST += tests/spec/ids.sh
