noinst_LTLIBRARIES += lib/libstats.la
lib_libstats_la_SOURCES =
