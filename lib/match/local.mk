# The solver's passes over costs and the products of matrices are compiled
# once for each instruction set, and chosen at run time. The passes work in
# integers, with the same results; products may be contracted.
LAP_CFLAGS = -O3
LAP_PARTS = lib/match/lap_dense.h lib/match/lap_dense_body.h
GEMM_CFLAGS = -O3 -ffp-contract=fast -Wno-pass-failed
GEMM_PARTS = lib/match/gemm.h lib/match/gemm_body.h

noinst_LTLIBRARIES += lib/liblap_generic.la lib/libgemm_generic.la
lib_liblap_generic_la_SOURCES = lib/match/lap_dense_generic.c $(LAP_PARTS)
lib_liblap_generic_la_CFLAGS = $(AM_CFLAGS) $(LAP_CFLAGS)
lib_libgemm_generic_la_SOURCES = lib/match/gemm_generic.c $(GEMM_PARTS)
lib_libgemm_generic_la_CFLAGS = $(AM_CFLAGS) $(GEMM_CFLAGS)
MATCH_LIBS = lib/liblap_generic.la lib/libgemm_generic.la
MATCH_CPPFLAGS =

if HOST_X86_64
noinst_LTLIBRARIES += lib/liblap_avx2.la lib/liblap_avx512.la \
	lib/libgemm_avx2.la lib/libgemm_avx512.la
lib_liblap_avx2_la_SOURCES = lib/match/lap_dense_avx2.c $(LAP_PARTS)
lib_liblap_avx2_la_CFLAGS = $(AM_CFLAGS) $(LAP_CFLAGS) -mavx2
lib_liblap_avx512_la_SOURCES = lib/match/lap_dense_avx512.c $(LAP_PARTS)
lib_liblap_avx512_la_CFLAGS = $(AM_CFLAGS) $(LAP_CFLAGS) -mavx512f \
	-mprefer-vector-width=512
lib_libgemm_avx2_la_SOURCES = lib/match/gemm_avx2.c $(GEMM_PARTS)
lib_libgemm_avx2_la_CFLAGS = $(AM_CFLAGS) $(GEMM_CFLAGS) -mavx2 -mfma
lib_libgemm_avx512_la_SOURCES = lib/match/gemm_avx512.c $(GEMM_PARTS)
lib_libgemm_avx512_la_CFLAGS = $(AM_CFLAGS) $(GEMM_CFLAGS) -mavx512f -mfma
MATCH_LIBS += lib/liblap_avx2.la lib/liblap_avx512.la \
	lib/libgemm_avx2.la lib/libgemm_avx512.la
MATCH_CPPFLAGS += -DMATCH_X86_64
endif

noinst_LTLIBRARIES += lib/libmatch.la
lib_libmatch_la_SOURCES = \
	lib/match/gemm.c lib/match/gemm.h \
	lib/match/lap.c lib/match/lap.h \
	lib/match/lap_dense.c lib/match/lap_dense.h \
	lib/match/lap_list.c \
	lib/match/lap_path.c \
	lib/match/lap_work.h \
	lib/match/mass.h \
	lib/match/mass_coarse.c lib/match/mass_coarse.h \
	lib/match/mass_deflate.c \
	lib/match/mass_envelope.c lib/match/mass_envelope.h \
	lib/match/mass_filters.c lib/match/mass_filters.h \
	lib/match/mass_live.c \
	lib/match/mass_load.c \
	lib/match/mass_newton.c \
	lib/match/mass_rescale.c \
	lib/match/mass_solve.c \
	lib/match/mass_sums.c \
	lib/match/match.h \
	lib/match/match_apply.c \
	lib/match/match_assign.c \
	lib/match/match_blocks.c \
	lib/match/match_code.c \
	lib/match/match_cost.c \
	lib/match/match_descend.c \
	lib/match/match_family.c \
	lib/match/match_filters.c lib/match/match_filters.h \
	lib/match/match_layout.c \
	lib/match/match_map.c \
	lib/match/match_mass.c lib/match/match_mass.h \
	lib/match/match_mean.c lib/match/match_mean.h \
	lib/match/match_nested.c \
	lib/match/match_orbit.c \
	lib/match/match_order.c \
	lib/match/match_paper.c \
	lib/match/match_place.c \
	lib/match/match_problem.c \
	lib/match/match_product.c \
	lib/match/match_scaling.c \
	lib/match/match_see.c \
	lib/match/match_shape.c lib/match/match_shape.h \
	lib/match/match_solve.c \
	lib/match/match_terms.c \
	lib/match/match_weights.c \
	lib/match/match_work.c lib/match/match_work.h \
	lib/match/match_writers.c
lib_libmatch_la_CPPFLAGS = $(AM_CPPFLAGS) $(MATCH_CPPFLAGS)
lib_libmatch_la_LIBADD = $(MATCH_LIBS) -lm
