# Properties, tested on random cases. Each program takes a first seed and a
# number of cases; what it prints on failure begins with the seed.

PROP_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/prop

PROP_TESTS = tests/prop/orbit
check_PROGRAMS += $(PROP_TESTS)
TESTS += $(PROP_TESTS)

tests_prop_orbit_SOURCES = tests/prop/orbit.c tests/prop/random_net.c \
	tests/prop/random_net.h
tests_prop_orbit_CPPFLAGS = $(PROP_CPPFLAGS)
tests_prop_orbit_LDADD = lib/libcore.la
