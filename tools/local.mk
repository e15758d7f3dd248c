# Tools: one .c and one man page each, and what they share.

TOOLS_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools

noinst_LTLIBRARIES += tools/libcli.la
tools_libcli_la_SOURCES = \
	tools/arch.c tools/arch.h \
	tools/cli.c tools/cli.h \
	tools/formats.c tools/formats.h \
	tools/guard.c tools/guard.h \
	tools/hash.c tools/hash.h \
	tools/inputs.c \
	tools/output.c \
	tools/plot.c tools/plot.h tools/plot_panel.h \
	tools/plot_axis.c \
	tools/plot_draw.c \
	tools/plot_marks.c \
	tools/plot_svg.c \
	tools/plans.c tools/plans.h \
	tools/sumlist.c tools/sumlist.h \
	tools/walk.c tools/walk.h
tools_libcli_la_CPPFLAGS = $(TOOLS_CPPFLAGS)

bin_PROGRAMS += tools/ckpt-cat
tools_ckpt_cat_SOURCES = tools/ckpt-cat.c \
	tools/base_packs.c tools/base_packs.h \
	tools/coding.c tools/coding.h \
	tools/copy.c tools/copy.h \
	tools/hold.c tools/hold.h \
	tools/list.c tools/list.h \
	tools/select.c tools/select.h
tools_ckpt_cat_CPPFLAGS = $(TOOLS_CPPFLAGS)
tools_ckpt_cat_LDADD = tools/libcli.la lib/libforeign.la lib/libstats.la \
	lib/libcore.la
dist_man1_MANS += tools/ckpt-cat.1

bin_PROGRAMS += tools/ckpt-fetch
dist_man1_MANS += tools/ckpt-fetch.1
tools_ckpt_fetch_SOURCES = tools/ckpt-fetch.c \
	tools/fetch.h \
	tools/copy.c tools/copy.h \
	tools/fetch_list.c \
	tools/fetch_models.c \
	tools/fetch_options.c \
	tools/fetch_range.c \
	tools/fetch_source.c \
	tools/fetch_watch.c \
	tools/hold.c tools/hold.h \
	tools/select.c tools/select.h
tools_ckpt_fetch_CPPFLAGS = $(TOOLS_CPPFLAGS)
tools_ckpt_fetch_LDADD = tools/libcli.la lib/libremote.la lib/libforeign.la \
	lib/libcore.la

bin_PROGRAMS += tools/ckpt-eval
tools_ckpt_eval_SOURCES = tools/ckpt-eval.c tools/eval.h \
	tools/dataset.c tools/dataset.h \
	tools/eval_cells.c \
	tools/eval_ensemble.c \
	tools/eval_exchange.c tools/eval_exchange.h \
	tools/eval_exchange_put.c \
	tools/eval_group.c \
	tools/eval_histogram.c \
	tools/eval_item.c \
	tools/eval_logits.c \
	tools/eval_marginals.c tools/eval_marginals.h \
	tools/eval_marginals_put.c \
	tools/eval_mass.c \
	tools/eval_options.c \
	tools/eval_order.c \
	tools/eval_pass.c \
	tools/eval_plans.c \
	tools/eval_table.c \
	tools/eval_weights.c \
	tools/mass.c tools/mass.h \
	tools/score.c tools/score.h
tools_ckpt_eval_CPPFLAGS = $(TOOLS_CPPFLAGS)
tools_ckpt_eval_LDADD = tools/libcli.la lib/libforeign.la lib/libmatch.la \
	lib/libnn.la lib/libstats.la lib/libcore.la
dist_man1_MANS += tools/ckpt-eval.1

bin_PROGRAMS += tools/ckpt-align
dist_man1_MANS += tools/ckpt-align.1
tools_ckpt_align_SOURCES = tools/ckpt-align.c \
	tools/align_activations.c tools/align_activations.h \
	tools/align.h \
	tools/align_barrier.c tools/align_barrier.h \
	tools/align_barrier_draw.c \
	tools/align_check.c \
	tools/align_explain.c \
	tools/align_form.c \
	tools/align_cycles.c \
	tools/align_mean.c tools/align_mean.h \
	tools/align_mean_model.c \
	tools/align_mean_read.c \
	tools/align_meta.c \
	tools/align_methods.c \
	tools/align_nodes.c \
	tools/align_options.c \
	tools/align_plan.c \
	tools/align_reference.c \
	tools/align_report.c \
	tools/align_run.c \
	tools/dataset.c tools/dataset.h \
	tools/hold.c tools/hold.h \
	tools/line.c tools/line.h \
	tools/mass.c tools/mass.h \
	tools/score.c tools/score.h
tools_ckpt_align_CPPFLAGS = $(TOOLS_CPPFLAGS)
tools_ckpt_align_LDADD = tools/libcli.la lib/libforeign.la lib/libmatch.la \
	lib/libnn.la lib/libstats.la lib/libcore.la

bin_PROGRAMS += tools/ckpt-diff
dist_man1_MANS += tools/ckpt-diff.1
tools_ckpt_diff_SOURCES = tools/ckpt-diff.c \
	tools/compare.c tools/compare.h \
	tools/diff.h \
	tools/diff_models.c \
	tools/diff_modulo.c \
	tools/diff_print.c \
	tools/diff_stream.c
tools_ckpt_diff_CPPFLAGS = $(TOOLS_CPPFLAGS)
tools_ckpt_diff_LDADD = tools/libcli.la lib/libforeign.la lib/libmatch.la \
	lib/libcore.la

bin_PROGRAMS += tools/ckpt-sum
tools_ckpt_sum_SOURCES = tools/ckpt-sum.c
tools_ckpt_sum_CPPFLAGS = $(TOOLS_CPPFLAGS)
tools_ckpt_sum_LDADD = tools/libcli.la lib/libforeign.la lib/libcore.la
dist_man1_MANS += tools/ckpt-sum.1

bin_PROGRAMS += tools/ckpt-store
tools_ckpt_store_SOURCES = tools/ckpt-store.c tools/store.h \
	tools/copy.c tools/copy.h \
	tools/hold.c tools/hold.h \
	tools/select.c tools/select.h \
	tools/store_care.c \
	tools/store_models.c
tools_ckpt_store_CPPFLAGS = $(TOOLS_CPPFLAGS)
tools_ckpt_store_LDADD = tools/libcli.la lib/libforeign.la lib/libcore.la
dist_man1_MANS += tools/ckpt-store.1
