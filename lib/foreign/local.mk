noinst_LTLIBRARIES += lib/libforeign.la
lib_libforeign_la_SOURCES = \
	lib/foreign/archive.c \
	lib/foreign/array.c \
	lib/foreign/decompress.c \
	lib/foreign/detect.c \
	lib/foreign/foreign.h \
	lib/foreign/gunzip.c lib/foreign/gunzip.h \
	lib/foreign/header.h \
	lib/foreign/header_meta.c \
	lib/foreign/header_parse.c \
	lib/foreign/header_print.c \
	lib/foreign/input.c lib/foreign/input.h \
	lib/foreign/npy.h \
	lib/foreign/npy_header.c \
	lib/foreign/npy_matrix.c \
	lib/foreign/npy_writer.c \
	lib/foreign/placed.c lib/foreign/placed.h \
	lib/foreign/safetensors.c \
	lib/foreign/safetensors_dir.c \
	lib/foreign/scan.c lib/foreign/scan.h \
	lib/foreign/tree.c lib/foreign/tree.h \
	lib/foreign/tree_place.c lib/foreign/tree_place.h
lib_libforeign_la_CFLAGS = $(AM_CFLAGS) $(ARCHIVE_CFLAGS) $(ZLIB_CFLAGS)
lib_libforeign_la_LIBADD = $(ARCHIVE_LIBS) $(ZLIB_LIBS)
