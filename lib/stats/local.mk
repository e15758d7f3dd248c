noinst_LTLIBRARIES += lib/libstats.la
lib_libstats_la_SOURCES = \
	lib/stats/stats.h \
	lib/stats/stats_detect.c \
	lib/stats/stats_ensemble.c \
	lib/stats/stats_scores.c \
	lib/stats/stats_sort.c
lib_libstats_la_LIBADD = -lm
