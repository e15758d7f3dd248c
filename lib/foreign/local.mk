noinst_LTLIBRARIES += lib/libforeign.la
lib_libforeign_la_SOURCES =
