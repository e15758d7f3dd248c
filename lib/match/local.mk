noinst_LTLIBRARIES += lib/libmatch.la
lib_libmatch_la_SOURCES = \
	lib/match/lap.c lib/match/lap.h \
	lib/match/match.h \
	lib/match/match_apply.c \
	lib/match/match_cost.c \
	lib/match/match_descend.c \
	lib/match/match_family.c \
	lib/match/match_map.c \
	lib/match/match_orbit.c \
	lib/match/match_paper.c \
	lib/match/match_problem.c \
	lib/match/match_scaling.c \
	lib/match/match_shape.c \
	lib/match/match_solve.c \
	lib/match/match_work.h
lib_libmatch_la_CFLAGS = $(AM_CFLAGS) $(BLAS_CFLAGS)
lib_libmatch_la_LIBADD = $(BLAS_LIBS) -lm
