noinst_LTLIBRARIES += lib/libnn.la
lib_libnn_la_SOURCES =
