noinst_LTLIBRARIES += lib/libremote.la
lib_libremote_la_SOURCES =
