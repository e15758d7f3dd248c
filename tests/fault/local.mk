# A shim that makes calls fail; tests/cli/*_faults.sh preload it.
check_LTLIBRARIES += tests/fault/shim.la
tests_fault_shim_la_SOURCES = tests/fault/shim.c
tests_fault_shim_la_CPPFLAGS = $(AM_CPPFLAGS) -D_LARGEFILE64_SOURCE
tests_fault_shim_la_CFLAGS = $(AM_CFLAGS) -U_FILE_OFFSET_BITS \
	-Wno-missing-prototypes -fno-builtin
tests_fault_shim_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version \
	-shared -rpath /nowhere
EXTRA_DIST += tests/fault/fault.sh
