# Lints: whatever is a rule is a test.

LINT_TESTS = \
	tests/lint/columns.sh \
	tests/lint/examples.sh \
	tests/lint/exports.sh \
	tests/lint/layers.sh \
	tests/lint/listed.sh \
	tests/lint/manpages.sh \
	tests/lint/pkgconfig.sh
TESTS += $(LINT_TESTS)
EXTRA_DIST += $(LINT_TESTS) doc/examples/select.c doc/examples/store.c
