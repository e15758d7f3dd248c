noinst_LTLIBRARIES += lib/libstats.la
lib_libstats_la_SOURCES = \
	lib/stats/stats.h \
	lib/stats/stats_bound.c \
	lib/stats/stats_cells.c \
	lib/stats/stats_detect.c \
	lib/stats/stats_ensemble.c \
	lib/stats/stats_gamma.c \
	lib/stats/stats_kendall.c \
	lib/stats/stats_scores.c \
	lib/stats/stats_sort.c \
	lib/stats/stats_uniform.c
lib_libstats_la_LIBADD = -lm
