# Unit tests: cmocka programs.

UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit $(CMOCKA_CFLAGS)

if HAVE_CMOCKA
UNIT_TESTS =
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)

UNIT_TESTS += tests/unit/test_base
tests_unit_test_base_SOURCES = tests/unit/test_base.c tests/unit/unit.h
tests_unit_test_base_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_LDADD = $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_id
tests_unit_test_id_SOURCES = tests/unit/test_id.c
tests_unit_test_id_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_id_LDADD = $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_codec
tests_unit_test_codec_SOURCES = tests/unit/test_codec.c tests/unit/unit.h
tests_unit_test_codec_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_codec_LDADD = $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_gemm
tests_unit_test_gemm_SOURCES = tests/unit/test_gemm.c tests/unit/unit.h
tests_unit_test_gemm_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_gemm_LDADD = lib/libmatch.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_lap
tests_unit_test_lap_SOURCES = tests/unit/test_lap.c tests/unit/unit.h
tests_unit_test_lap_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_lap_LDADD = lib/libmatch.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_match
tests_unit_test_match_SOURCES = tests/unit/test_match.c tests/unit/nets.c \
	tests/unit/nets.h tests/unit/unit.h
tests_unit_test_match_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_match_LDADD = lib/libmatch.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_mean
tests_unit_test_mean_SOURCES = tests/unit/test_mean.c tests/unit/nets.c \
	tests/unit/nets.h tests/unit/unit.h
tests_unit_test_mean_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_mean_LDADD = lib/libmatch.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_threads
tests_unit_test_threads_SOURCES = tests/unit/test_threads.c
tests_unit_test_threads_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_threads_LDADD = $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_pack
tests_unit_test_pack_SOURCES = tests/unit/test_pack.c tests/unit/packs.c \
	tests/unit/packs.h tests/unit/unit.h
tests_unit_test_pack_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_pack_LDADD = $(TESTS_LIBS)
UNIT_TESTS += tests/unit/test_nn
tests_unit_test_nn_SOURCES = tests/unit/test_nn.c tests/unit/net.h \
	tests/unit/net.c tests/unit/net_draw.c tests/unit/net_run.c
tests_unit_test_nn_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_LDADD = lib/libnn.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_nn_oracle
tests_unit_test_nn_oracle_SOURCES = tests/unit/test_nn_oracle.c
tests_unit_test_nn_oracle_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_oracle_LDADD = lib/libnn.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_nn_softmax
tests_unit_test_nn_softmax_SOURCES = tests/unit/test_nn_softmax.c \
	tests/unit/net.h tests/unit/net.c
tests_unit_test_nn_softmax_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_softmax_LDADD = lib/libnn.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_nn_watch
tests_unit_test_nn_watch_SOURCES = tests/unit/test_nn_watch.c \
	tests/unit/net.h tests/unit/net.c tests/unit/net_draw.c \
	tests/unit/net_run.c
tests_unit_test_nn_watch_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_watch_LDADD = lib/libnn.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_stats
tests_unit_test_stats_SOURCES = tests/unit/test_stats.c
tests_unit_test_stats_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_stats_LDADD = lib/libstats.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_numbers
tests_unit_test_numbers_SOURCES = tests/unit/test_numbers.c tests/unit/unit.h
tests_unit_test_numbers_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_numbers_LDADD = lib/libstats.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_plot
tests_unit_test_plot_SOURCES = tests/unit/test_plot.c tests/unit/unit.h
tests_unit_test_plot_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(top_srcdir)/tools
tests_unit_test_plot_LDADD = tools/libcli.la $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_pack_index
tests_unit_test_pack_index_SOURCES = tests/unit/test_pack_index.c \
	tests/unit/packs.c tests/unit/packs.h tests/unit/unit.h
tests_unit_test_pack_index_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_pack_index_LDADD = $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_pack_salvage
tests_unit_test_pack_salvage_SOURCES = tests/unit/test_pack_salvage.c \
	tests/unit/packs.c tests/unit/packs.h tests/unit/unit.h
tests_unit_test_pack_salvage_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_pack_salvage_LDADD = $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_page_cache
tests_unit_test_page_cache_SOURCES = tests/unit/test_page_cache.c
tests_unit_test_page_cache_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_page_cache_LDADD = $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_pack_public
tests_unit_test_pack_public_SOURCES = tests/unit/test_pack_public.c \
	tests/unit/unit.h
tests_unit_test_pack_public_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_pack_public_LDADD = lib/libckpt.la $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/test_public_misuse
tests_unit_test_public_misuse_SOURCES = tests/unit/test_public_misuse.c \
	tests/unit/unit.h
tests_unit_test_public_misuse_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_public_misuse_LDADD = lib/libckpt.la $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/test_safetensors
tests_unit_test_safetensors_SOURCES = tests/unit/test_safetensors.c \
	tests/unit/safefile.c tests/unit/safefile.h tests/unit/unit.h
tests_unit_test_safetensors_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_safetensors_LDADD = lib/libforeign.la $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_safetensors_bad
tests_unit_test_safetensors_bad_SOURCES = tests/unit/test_safetensors_bad.c \
	tests/unit/safefile.c tests/unit/safefile.h tests/unit/unit.h
tests_unit_test_safetensors_bad_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_safetensors_bad_LDADD = lib/libforeign.la $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_remote
tests_unit_test_remote_SOURCES = tests/unit/test_remote.c tests/unit/unit.h
tests_unit_test_remote_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_remote_LDADD = lib/libremote.la $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_array
tests_unit_test_array_SOURCES = tests/unit/test_array.c tests/unit/unit.h
tests_unit_test_array_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_array_LDADD = lib/libforeign.la $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_graph
tests_unit_test_graph_SOURCES = tests/unit/test_graph.c tests/unit/unit.h
tests_unit_test_graph_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_graph_LDADD = $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_symmetry
tests_unit_test_symmetry_SOURCES = tests/unit/test_symmetry.c \
	tests/unit/tables.c tests/unit/tables.h tests/unit/unit.h
tests_unit_test_symmetry_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_symmetry_LDADD = $(TESTS_LIBS) -lm

UNIT_TESTS += tests/unit/test_symmetry_norms
tests_unit_test_symmetry_norms_SOURCES = tests/unit/test_symmetry_norms.c \
	tests/unit/tables.c tests/unit/tables.h tests/unit/unit.h
tests_unit_test_symmetry_norms_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_symmetry_norms_LDADD = $(TESTS_LIBS)

UNIT_TESTS += tests/unit/test_sym
tests_unit_test_sym_SOURCES = tests/unit/test_sym.c tests/unit/unit.h
tests_unit_test_sym_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_sym_LDADD = $(TESTS_LIBS) -lm
endif
