# Loops over elements are compiled once for each instruction set, and chosen
# at run time. They work in integers: the bytes are the same.
PLANE_CFLAGS = -Wno-pass-failed
PLANE_PARTS = lib/codec/ans.h lib/codec/ans_body.h \
	lib/codec/delta_body.h lib/codec/delta_kernel.h \
	lib/codec/plane_body.h lib/codec/plane_kernel.h

noinst_LTLIBRARIES += lib/libplane_generic.la
lib_libplane_generic_la_SOURCES = lib/codec/plane_kernel_generic.c \
	lib/codec/delta_kernel_generic.c $(PLANE_PARTS)
lib_libplane_generic_la_CFLAGS = $(AM_CFLAGS) $(PLANE_CFLAGS)
CODEC_LIBS = lib/libplane_generic.la
CODEC_CPPFLAGS =

if HOST_X86_64
noinst_LTLIBRARIES += lib/libplane_avx2.la lib/libplane_avx512.la
lib_libplane_avx2_la_SOURCES = lib/codec/plane_kernel_avx2.c \
	lib/codec/delta_kernel_avx2.c lib/codec/ans_avx2.h $(PLANE_PARTS)
lib_libplane_avx2_la_CFLAGS = $(AM_CFLAGS) $(PLANE_CFLAGS) -mavx2 \
	-mbmi2 -mpopcnt
lib_libplane_avx512_la_SOURCES = lib/codec/plane_kernel_avx512.c \
	lib/codec/delta_kernel_avx512.c lib/codec/ans_avx512.h \
	$(PLANE_PARTS)
lib_libplane_avx512_la_CFLAGS = $(AM_CFLAGS) $(PLANE_CFLAGS) -mavx512f \
	-mavx512bw -mavx512cd -mavx512vl -mavx512vbmi2 -mbmi2 -mpopcnt \
	-mprefer-vector-width=512
CODEC_LIBS += lib/libplane_avx2.la lib/libplane_avx512.la
CODEC_CPPFLAGS += -DCODEC_X86_64
endif

CORE_SOURCES += \
	lib/codec/ans.h \
	lib/codec/ans_table.c \
	lib/codec/codec.h \
	lib/codec/codec_decode.c \
	lib/codec/codec_distance.c \
	lib/codec/codec_encode.c \
	lib/codec/codec_private.h \
	lib/codec/element.h \
	lib/codec/levels.c lib/codec/levels.h \
	lib/codec/delta.h \
	lib/codec/delta_decode.c \
	lib/codec/delta_encode.c \
	lib/codec/plane_kernel.c \
	lib/codec/plane_kernel.h \
	lib/codec/planes.h \
	lib/codec/planes_choose.c \
	lib/codec/planes_decode.c \
	lib/codec/planes_encode.c \
	lib/codec/stream.h \
	lib/codec/stream_decode.c \
	lib/codec/stream_encode.c
