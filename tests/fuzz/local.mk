# Fuzz targets. With --enable-fuzzers they are libFuzzer programs; without,
# they replay the files they are given, and `make check` gives each its corpus.

FUZZ_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz \
	-I$(top_srcdir)/tools
EXTRA_DIST += tests/fuzz/fuzz.h tests/fuzz/replay.c tests/fuzz/corpus.sh \
	tests/fuzz/corpus

if FUZZERS
FUZZ_MAIN =
FUZZ_LINKING = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/replay.c
FUZZ_LINKING = $(AM_LDFLAGS)
endif

# A target fuzz_X has its corpus in corpus/X and is listed here.
FUZZ_TARGETS = \
	tests/fuzz/fuzz_arch \
	tests/fuzz/fuzz_archive \
	tests/fuzz/fuzz_codec \
	tests/fuzz/fuzz_idx \
	tests/fuzz/fuzz_npy \
	tests/fuzz/fuzz_pack \
	tests/fuzz/fuzz_safetensors \
	tests/fuzz/fuzz_sums
check_PROGRAMS += $(FUZZ_TARGETS)
if !FUZZERS
TESTS += tests/fuzz/corpus.sh
endif

# The script replays all of them.
AM_TESTS_ENVIRONMENT += FUZZ_TARGETS='$(FUZZ_TARGETS)'; export FUZZ_TARGETS;

tests_fuzz_fuzz_sums_SOURCES = tests/fuzz/fuzz_sums.c $(FUZZ_MAIN)
tests_fuzz_fuzz_sums_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_sums_LDFLAGS = $(FUZZ_LINKING)
tests_fuzz_fuzz_sums_LDADD = tools/libcli.la lib/libcore.la

tests_fuzz_fuzz_pack_SOURCES = tests/fuzz/fuzz_pack.c $(FUZZ_MAIN)
tests_fuzz_fuzz_pack_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_pack_LDFLAGS = $(FUZZ_LINKING)
tests_fuzz_fuzz_pack_LDADD = lib/libcore.la

tests_fuzz_fuzz_codec_SOURCES = tests/fuzz/fuzz_codec.c $(FUZZ_MAIN)
tests_fuzz_fuzz_codec_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_codec_LDFLAGS = $(FUZZ_LINKING)
tests_fuzz_fuzz_codec_LDADD = lib/libcore.la

tests_fuzz_fuzz_archive_SOURCES = tests/fuzz/fuzz_archive.c $(FUZZ_MAIN)
tests_fuzz_fuzz_archive_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_archive_LDFLAGS = $(FUZZ_LINKING)
tests_fuzz_fuzz_archive_LDADD = lib/libforeign.la lib/libcore.la

tests_fuzz_fuzz_idx_SOURCES = tests/fuzz/fuzz_idx.c $(FUZZ_MAIN)
tests_fuzz_fuzz_idx_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_idx_LDFLAGS = $(FUZZ_LINKING)
tests_fuzz_fuzz_idx_LDADD = lib/libforeign.la lib/libcore.la

tests_fuzz_fuzz_npy_SOURCES = tests/fuzz/fuzz_npy.c $(FUZZ_MAIN)
tests_fuzz_fuzz_npy_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_npy_LDFLAGS = $(FUZZ_LINKING)
tests_fuzz_fuzz_npy_LDADD = lib/libforeign.la lib/libcore.la

tests_fuzz_fuzz_safetensors_SOURCES = tests/fuzz/fuzz_safetensors.c $(FUZZ_MAIN)
tests_fuzz_fuzz_safetensors_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_safetensors_LDFLAGS = $(FUZZ_LINKING)
tests_fuzz_fuzz_safetensors_LDADD = lib/libforeign.la lib/libcore.la

tests_fuzz_fuzz_arch_SOURCES = tests/fuzz/fuzz_arch.c $(FUZZ_MAIN)
tests_fuzz_fuzz_arch_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_arch_LDFLAGS = $(FUZZ_LINKING)
tests_fuzz_fuzz_arch_LDADD = lib/libcore.la
