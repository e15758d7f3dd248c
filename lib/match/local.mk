# The solver's passes over the costs are compiled once for each instruction
# set, and chosen at run time; they work in integers, with the same results.
LAP_CFLAGS = -O3
LAP_PARTS = lib/match/lap_dense.h lib/match/lap_dense_body.h

noinst_LTLIBRARIES += lib/liblap_generic.la
lib_liblap_generic_la_SOURCES = lib/match/lap_dense_generic.c $(LAP_PARTS)
lib_liblap_generic_la_CFLAGS = $(AM_CFLAGS) $(LAP_CFLAGS)
LAP_LIBS = lib/liblap_generic.la
LAP_CPPFLAGS =

if HOST_X86_64
noinst_LTLIBRARIES += lib/liblap_avx2.la lib/liblap_avx512.la
lib_liblap_avx2_la_SOURCES = lib/match/lap_dense_avx2.c $(LAP_PARTS)
lib_liblap_avx2_la_CFLAGS = $(AM_CFLAGS) $(LAP_CFLAGS) -mavx2
lib_liblap_avx512_la_SOURCES = lib/match/lap_dense_avx512.c $(LAP_PARTS)
lib_liblap_avx512_la_CFLAGS = $(AM_CFLAGS) $(LAP_CFLAGS) -mavx512f \
	-mprefer-vector-width=512
LAP_LIBS += lib/liblap_avx2.la lib/liblap_avx512.la
LAP_CPPFLAGS += -DMATCH_X86_64
endif

noinst_LTLIBRARIES += lib/libmatch.la
lib_libmatch_la_SOURCES = \
	lib/match/lap.c lib/match/lap.h \
	lib/match/lap_dense.c lib/match/lap_dense.h \
	lib/match/lap_list.c \
	lib/match/lap_path.c \
	lib/match/lap_work.h \
	lib/match/mass.h \
	lib/match/mass_coarse.c \
	lib/match/mass_envelope.c lib/match/mass_envelope.h \
	lib/match/mass_live.c \
	lib/match/mass_load.c \
	lib/match/mass_newton.c \
	lib/match/mass_solve.c \
	lib/match/mass_sums.c \
	lib/match/match.h \
	lib/match/match_apply.c \
	lib/match/match_cost.c \
	lib/match/match_descend.c \
	lib/match/match_family.c \
	lib/match/match_map.c \
	lib/match/match_mass.c lib/match/match_mass.h \
	lib/match/match_orbit.c \
	lib/match/match_order.c \
	lib/match/match_paper.c \
	lib/match/match_problem.c \
	lib/match/match_scaling.c \
	lib/match/match_shape.c lib/match/match_shape.h \
	lib/match/match_solve.c \
	lib/match/match_work.h \
	lib/match/match_writers.c
lib_libmatch_la_CPPFLAGS = $(AM_CPPFLAGS) $(LAP_CPPFLAGS)
lib_libmatch_la_CFLAGS = $(AM_CFLAGS) $(BLAS_CFLAGS)
lib_libmatch_la_LIBADD = $(LAP_LIBS) $(BLAS_LIBS) -lm
