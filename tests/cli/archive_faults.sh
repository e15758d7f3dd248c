#!/bin/sh
# ckpt-cat --archive when a write, a sync, a rename or an allocation fails, when
# it is killed there, and on a full disk: what stood under the name before stays
# as it was, or the whole archive is there; of what fails, no temporary is left.
# Of some kinds a sample; CKPT_FAULTS=all tries each.
. "$srcdir/tests/cli/cli.sh"
. "$srcdir/tests/fault/fault.sh"
needs_shim ckpt-cat
cd "$scratch" || exit 99
net=$fixtures/resnet20
set -- "$net" "$net" "$fixtures/lenet5-relu"
echo "what was there" > old
ckpt-cat --archive -j1 -o new "$@" || exit 99

# try KIND MODE STEP INPUT...
try() {
	kind=$1 mode=$2 step=$3
	shift 3
	n=1
	while :; do
		rm -rf d fired
		mkdir d && cp old d/x.ckpk || exit 99
		CKPT_FAULT=$kind:$n:$mode CKPT_FAULT_FIRED=$scratch/fired \
			LD_PRELOAD=$shim ckpt-cat --archive -j1 -o d/x.ckpk \
			"$@" > out 2> err
		status=$?
		[ -e fired ] || break
		where="$mode at $kind $n"
		case $status in
		0) cmp -s d/x.ckpk new || fail "$where: acknowledged" ;;
		2) [ "$(wc -l < err)" = 1 ] || fail "$where: not one line" ;;
		137) [ "$mode" != fail ] || fail "$where: killed" ;;
		*) fail "$where: status $status"; cat err ;;
		esac
		cmp -s d/x.ckpk old || cmp -s d/x.ckpk new ||
			fail "$where: neither old nor new"
		[ "$status" = 137 ] || [ "$(ls d)" = x.ckpk ] ||
			fail "$where: left $(ls d)"
		n=$((n + step))
	done
	[ "$n" -gt 1 ] || fail "$kind is never called"
	[ "$status" = 0 ] && cmp -s d/x.ckpk new ||
		fail "$kind, without a fault: $status"
	tried="$tried $kind/$mode:$n"
}
if [ "${CKPT_FAULTS-}" = all ]; then
	few=1 many=1
else
	few=199 many=997
fi
tried=
for mode in fail kill; do
	try sync $mode 1 "$@"
	try rename $mode 1 "$@"
	try write $mode $few "$@"
done
try write half $few "$@"
try write all $few "$@"
[ -n "${no_malloc-}" ] || try malloc fail $many "$@"
echo "$tried"

# a disk of 256 KiB, where one may be mounted
if mkdir disk && mount -t tmpfs -o size=256k none disk 2> err; then
	trap 'umount "$scratch/disk"; rm -rf "$scratch"' EXIT
	cp old disk/x.ckpk
	expect 2 ckpt-cat --archive -o disk/x.ckpk "$@"
	one_line
	says 'No space left'
	cmp disk/x.ckpk old || fail "full disk: the old is lost"
	[ "$(ls disk)" = x.ckpk ] || fail "full disk: left $(ls disk)"
else
	echo "no file system can be mounted: full disk only by the shim"
fi
done_testing
