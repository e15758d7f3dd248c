# cli tests: shell scripts that run the tools
EXTRA_DIST += tests/cli/cli.sh

CLI_TESTS =
TESTS += $(CLI_TESTS)
EXTRA_DIST += $(CLI_TESTS)

CLI_TESTS += \
	tests/cli/archive_faults.sh \
	tests/cli/cat_archive.sh \
	tests/cli/cat_archives.sh \
	tests/cli/cat_base.sh \
	tests/cli/cat_errors.sh \
	tests/cli/cat_examples.sh \
	tests/cli/cat_packs.sh \
	tests/cli/cat_roundtrip.sh \
	tests/cli/cat_select.sh \
	tests/cli/cat_signals.sh

FETCH_TESTS = \
	tests/cli/fetch_bad.sh \
	tests/cli/fetch_examples.sh \
	tests/cli/fetch_models.sh \
	tests/cli/fetch_nginx.sh \
	tests/cli/fetch_range.sh \
	tests/cli/fetch_signals.sh
TESTS += $(FETCH_TESTS)
EXTRA_DIST += $(FETCH_TESTS) \
	tests/cli/badserver.py \
	tests/cli/fetch_lib.sh

CLI_TESTS += tests/cli/cat_keep_going.sh tests/cli/readme.sh
EXTRA_DIST += tests/cli/session.py

CLI_TESTS += tests/cli/stats_bound.sh tests/cli/sum.sh tests/cli/verdicts.sh

EVAL_TESTS = \
	tests/cli/eval_examples.sh \
	tests/cli/eval_exchange.sh \
	tests/cli/eval_input.sh \
	tests/cli/eval_marginals.sh \
	tests/cli/eval_oracle.sh \
	tests/cli/eval_order.sh
TESTS += $(EVAL_TESTS)
EXTRA_DIST += $(EVAL_TESTS) tests/cli/eval_tool.py tests/cli/stats_tool.py

ALIGN_TESTS = \
	tests/cli/align.sh \
	tests/cli/align_check.sh \
	tests/cli/align_form.sh \
	tests/cli/align_eval.sh \
	tests/cli/align_examples.sh \
	tests/cli/align_orbit.sh \
	tests/cli/arch.sh \
	tests/cli/barrier.sh \
	tests/cli/barrier_torch.sh \
	tests/cli/mass.sh \
	tests/cli/mean.sh \
	tests/cli/diff.sh
TESTS += $(ALIGN_TESTS)
EXTRA_DIST += $(ALIGN_TESTS) tests/cli/align_tool.py \
	tests/cli/barrier_torch.py tests/cli/arch_tool.py

CLI_TESTS += tests/cli/align_activations.sh
EXTRA_DIST += tests/cli/align_activations.py
CLI_TESTS += tests/cli/store.sh tests/cli/store_damage.sh \
	tests/cli/store_refs.sh tests/cli/store_thin_damage.sh \
	tests/cli/store_faults.sh tests/cli/store_race.sh
EXTRA_DIST += tests/cli/archive_models.py
