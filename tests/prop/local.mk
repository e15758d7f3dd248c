# Properties, tested on random cases. The programs take a first seed and a
# number of cases; what they print on failure begins with the seed.

PROP_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/prop
PROP_NET = tests/prop/random_arch.c tests/prop/random_net.c \
	tests/prop/random_net.h tests/prop/random_plant.c

PROP_TESTS = tests/prop/orbit tests/prop/orbit_logits \
	tests/prop/orbit_oracle
check_PROGRAMS += $(PROP_TESTS) tests/prop/orbit_cases \
	tests/prop/orbit_fixture
PROP_SHELL_TESTS = tests/prop/orbit_fixture.sh tests/prop/orbit_shipped.sh
TESTS += $(PROP_TESTS) $(PROP_SHELL_TESTS)
EXTRA_DIST += $(PROP_SHELL_TESTS) tests/prop/narrow.sh

tests_prop_orbit_SOURCES = tests/prop/orbit.c $(PROP_NET)
tests_prop_orbit_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_orbit_LDADD = lib/libcore.la

tests_prop_orbit_logits_SOURCES = tests/prop/orbit_logits.c $(PROP_NET)
tests_prop_orbit_logits_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_orbit_logits_LDADD = lib/libnn.la lib/libcore.la -lm

tests_prop_orbit_oracle_SOURCES = tests/prop/orbit_oracle.c $(PROP_NET)
tests_prop_orbit_oracle_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_orbit_oracle_LDADD = lib/libcore.la -lm

tests_prop_orbit_cases_SOURCES = tests/prop/orbit_cases.c $(PROP_NET)
tests_prop_orbit_cases_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_orbit_cases_LDADD = lib/libcore.la

tests_prop_orbit_fixture_SOURCES = tests/prop/orbit_fixture.c $(PROP_NET)
tests_prop_orbit_fixture_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_orbit_fixture_LDADD = lib/libforeign.la lib/libcore.la

check_PROGRAMS += tests/prop/arch_model
tests_prop_arch_model_SOURCES = tests/prop/arch_model.c $(PROP_NET)
tests_prop_arch_model_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_arch_model_LDADD = lib/libforeign.la lib/libcore.la -lm

PROP_MATCH_TESTS = tests/prop/match tests/prop/match_planted
check_PROGRAMS += $(PROP_MATCH_TESTS) tests/prop/lap_solve
TESTS += $(PROP_MATCH_TESTS) tests/prop/lap_scipy.sh \
	tests/prop/match_reference.sh
EXTRA_DIST += tests/prop/lap_scipy.py tests/prop/lap_scipy.sh \
	tests/prop/match_reference.py tests/prop/match_reference.sh \
	tests/prop/plain_matching.py
tests_prop_lap_solve_SOURCES = tests/prop/lap_solve.c
tests_prop_lap_solve_LDADD = lib/libmatch.la lib/libcore.la
tests_prop_match_SOURCES = tests/prop/match.c $(PROP_NET)
tests_prop_match_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_match_LDADD = lib/libmatch.la lib/libcore.la -lm

PROP_MASS_TESTS = tests/prop/mass
check_PROGRAMS += $(PROP_MASS_TESTS)
TESTS += $(PROP_MASS_TESTS) tests/prop/mass_oracle.sh
EXTRA_DIST += tests/prop/mass_oracle.py tests/prop/mass_oracle.sh
tests_prop_mass_SOURCES = tests/prop/mass.c $(PROP_NET)
tests_prop_mass_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_mass_LDADD = lib/libmatch.la lib/libcore.la -lm

tests_prop_match_planted_SOURCES = tests/prop/match_planted.c \
	tests/unit/nets.c tests/unit/nets.h tests/unit/unit.h
tests_prop_match_planted_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_prop_match_planted_LDADD = lib/libmatch.la $(TESTS_LIBS) -lm

# Every shipped architecture, at an eighth of its width.
check_PROGRAMS += tests/prop/architectures
TESTS += tests/prop/architectures
tests_prop_architectures_SOURCES = tests/prop/architectures.c $(PROP_NET)
tests_prop_architectures_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_architectures_LDADD = lib/libmatch.la lib/libnn.la \
	lib/libcore.la -lm

PROP_CAT_TESTS = tests/prop/archive_random.sh tests/prop/cat_random.sh \
	tests/prop/store_random.sh
TESTS += $(PROP_CAT_TESTS)
EXTRA_DIST += $(PROP_CAT_TESTS) tests/prop/random_collection.py \
	tests/prop/random_models.py tests/prop/store_random.py
