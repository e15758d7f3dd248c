# cli tests: shell scripts that run the tools
EXTRA_DIST += tests/cli/cli.sh

CLI_TESTS =
TESTS += $(CLI_TESTS)
EXTRA_DIST += $(CLI_TESTS)

CLI_TESTS += tests/cli/cat_roundtrip.sh
