noinst_LTLIBRARIES += lib/libmatch.la
lib_libmatch_la_SOURCES =
