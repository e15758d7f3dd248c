# Tests: cmocka programs, shell scripts and lints. Every one is listed.

# Tests find the tools in PATH, sources by srcdir, scratch space by TMPDIR.
AM_TESTS_ENVIRONMENT = \
	srcdir='$(abs_srcdir)'; export srcdir; \
	builddir='$(abs_builddir)'; export builddir; \
	PATH='$(abs_builddir)/tools':$$PATH; export PATH; \
	LC_ALL=C; export LC_ALL;

TESTS_LIBS = lib/libcore.la $(CMOCKA_LIBS)

include $(srcdir)/tests/unit/local.mk
include $(srcdir)/tests/cli/local.mk
include $(srcdir)/tests/prop/local.mk
include $(srcdir)/tests/spec/local.mk
include $(srcdir)/tests/fuzz/local.mk
include $(srcdir)/tests/fault/local.mk
include $(srcdir)/tests/lint/local.mk
include $(srcdir)/tests/bench/local.mk

# With sanitizers: all but what does not run the programs, and comparisons that
# spend their time in the other implementation.
ORACLE_TESTS = \
	tests/spec/ids.sh tests/spec/orbit.sh tests/spec/orbit_arch.sh \
	tests/cli/align_activations.sh tests/cli/barrier_torch.sh \
	tests/cli/eval_oracle.sh tests/prop/match_reference.sh

check-sanitized:
	list=; for t in $(TESTS); do \
	  case ' $(LINT_TESTS) $(ORACLE_TESTS) ' in \
	  *" $$t "*) ;; *) list="$$list $$t" ;; esac; \
	done; $(MAKE) $(AM_MAKEFLAGS) check TESTS="$$list"

.PHONY: check-sanitized
