# The kernels are compiled once for each instruction set; which of them runs
# is chosen at run time. They are the only files where a product and a sum
# may be contracted. (clang warns of loops that it leaves as they are.)
KERNEL_CFLAGS = -ffp-contract=fast -Wno-pass-failed
KERNEL_PARTS = lib/nn/body_math.h lib/nn/body_norm.h lib/nn/body_pool.h \
	lib/nn/body_taps.h lib/nn/body_winograd.h lib/nn/kernel.h lib/nn/simd.h

noinst_LTLIBRARIES += lib/libkernel_generic.la
lib_libkernel_generic_la_SOURCES = lib/nn/kernel_generic.c $(KERNEL_PARTS)
lib_libkernel_generic_la_CFLAGS = $(AM_CFLAGS) $(KERNEL_CFLAGS)
KERNEL_LIBS = lib/libkernel_generic.la
KERNEL_CPPFLAGS =

if HOST_X86_64
noinst_LTLIBRARIES += lib/libkernel_avx2.la lib/libkernel_avx512.la
lib_libkernel_avx2_la_SOURCES = lib/nn/kernel_avx2.c $(KERNEL_PARTS)
lib_libkernel_avx2_la_CFLAGS = $(AM_CFLAGS) $(KERNEL_CFLAGS) \
	-mavx2 -mfma
lib_libkernel_avx512_la_SOURCES = lib/nn/kernel_avx512.c $(KERNEL_PARTS)
lib_libkernel_avx512_la_CFLAGS = $(AM_CFLAGS) $(KERNEL_CFLAGS) \
	-mavx512f -mfma
KERNEL_LIBS += lib/libkernel_avx2.la lib/libkernel_avx512.la
KERNEL_CPPFLAGS += -DNN_X86_64
endif

noinst_LTLIBRARIES += lib/libnn.la
lib_libnn_la_SOURCES = \
	lib/nn/nn.h \
	lib/nn/nn_exact.c lib/nn/nn_exact.h lib/nn/nn_exact_norm.c \
	lib/nn/nn_exact_window.c \
	lib/nn/nn_images.c \
	lib/nn/nn_layout.c \
	lib/nn/nn_norm.c \
	lib/nn/nn_path.c \
	lib/nn/nn_plan.c lib/nn/nn_plan.h \
	lib/nn/nn_pool.c \
	lib/nn/nn_run.c \
	lib/nn/nn_statistics.c \
	lib/nn/nn_step.c \
	lib/nn/nn_taps.c \
	lib/nn/nn_transposed.c \
	lib/nn/nn_weights.c \
	lib/nn/nn_winograd.c
lib_libnn_la_CPPFLAGS = $(AM_CPPFLAGS) $(KERNEL_CPPFLAGS)
lib_libnn_la_LIBADD = $(KERNEL_LIBS) -lm
