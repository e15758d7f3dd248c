# Benches: scripts that print rows of one table, run by `make bench` one
# after another. Each measures its peer in the same run.

BENCHES = \
	tests/bench/bench_align.sh \
	tests/bench/bench_archive.sh \
	tests/bench/bench_one.sh \
	tests/bench/bench_cat.sh \
	tests/bench/bench_codec.sh \
	tests/bench/bench_eval.sh \
	tests/bench/bench_mass.sh \
	tests/bench/bench_mean.sh \
	tests/bench/bench_match.sh \
	tests/bench/bench_memory.sh \
	tests/bench/bench_orbit.sh \
	tests/bench/bench_store.sh \
	tests/bench/bench_sum.sh
EXTRA_DIST += $(BENCHES) tests/bench/bench.sh tests/bench/bench_codec.py \
	tests/bench/bench_eval.py \
	tests/bench/bounds.py tests/bench/trajectory.py \
	tests/bench/bench_mass.py tests/bench/bench_match.py \
	tests/bench/measure.py

.PHONY: bench
bench: all $(MATCH_BENCHES) tests/bench/codec_time tests/bench/one_time \
    tests/prop/architectures tests/prop/arch_model
	@printf '%-52s  %-22s  %-30s  %s\n' work measured peer target; \
	$(AM_TESTS_ENVIRONMENT) \
	for b in $(BENCHES); do sh $(srcdir)/$$b || exit 1; done

MATCH_BENCHES = tests/bench/lap_time tests/bench/match_time
EXTRA_PROGRAMS = $(MATCH_BENCHES)
CLEANFILES += $(MATCH_BENCHES)
EXTRA_PROGRAMS += tests/bench/codec_time tests/bench/one_time
CLEANFILES += tests/bench/codec_time tests/bench/one_time
tests_bench_codec_time_SOURCES = tests/bench/codec_time.c tests/bench/cpu_time.h
tests_bench_codec_time_CPPFLAGS = $(AM_CPPFLAGS) $(ZSTD_CFLAGS)
tests_bench_one_time_SOURCES = tests/bench/one_time.c tests/bench/cpu_time.h
tests_bench_one_time_LDADD = lib/libcore.la
tests_bench_codec_time_LDADD = lib/libcore.la $(ZSTD_LIBS) -lm

tests_bench_lap_time_SOURCES = tests/bench/lap_time.c tests/bench/cpu_time.h
tests_bench_lap_time_LDADD = lib/libmatch.la lib/libcore.la
tests_bench_match_time_SOURCES = tests/bench/match_time.c \
	tests/bench/cpu_time.h tests/unit/nets.c \
	tests/unit/nets.h tests/unit/unit.h
tests_bench_match_time_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_bench_match_time_LDADD = lib/libmatch.la $(TESTS_LIBS) -lm
