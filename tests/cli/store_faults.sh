#!/bin/sh
# ckpt-store when a write, a sync, a rename, an unlink or an allocation fails,
# and when it is killed there: for every one that the command comes to. After
# each the store is sound and holds all that was acknowledged. Of some kinds a
# sample; CKPT_FAULTS=all tries each.
. "$srcdir/tests/cli/cli.sh"
. "$srcdir/tests/fault/fault.sh"
needs_shim ckpt-store
cd "$scratch" || exit 99
cp "$fixtures/lenet5-relu/0.safetensors" one.safetensors
cp one.safetensors two.safetensors
# another state of one, stored as differences to that
cp one.safetensors near.safetensors
printf '\1' | dd of=near.safetensors bs=1 conv=notrunc 2> /dev/null \
	seek=$(($(wc -c < one.safetensors) - 2000))
ckpt-cat "$fixtures/mnist-optunet-0-1023.tgz" --head=20 > all.ckpk
ckpt-cat --head=12 all.ckpk > old.ckpk

records() {
	ckpt-store ls "$1" | tail -n +2 | cut -f 7 | sort
}
ckpt-store init base && ckpt-store add base old.ckpk one.safetensors \
	> out || exit 99
records base > before
cp -r base added
ckpt-store add added all.ckpk two.safetensors near.safetensors > out ||
	exit 99
records added > after_add
ckpt-sum all.ckpk one.safetensors near.safetensors | cut -c 1-64 |
	sort -u > all_ids
cp -r base removed
ckpt-store rm removed '*version_1?.*' 'one*' > out || exit 99
records removed > after_rm
# for gc: a base that is removed while a stand-in needs it, and what depends on
# its pack is written anew
cp -r added loose
ckpt-store rm loose '*version_1?.*' 'one*' > out || exit 99
records loose > after_gc
cp -r loose t && ckpt-store gc t > out || exit 99
[ "$(tail -n 1 out | cut -f 2)" = 2 ] || fail "gc should write two anew"

# command NAME: what is tried, on the store t
command() {
	case $1 in
	init) ckpt-store init t ;;
	add) ckpt-store -j1 add t all.ckpk two.safetensors near.safetensors ;;
	rm) ckpt-store rm t '*version_1?.*' 'one*' ;;
	gc) ckpt-store -j1 gc t ;;
	get) ckpt-store -j1 get t -o got.ckpk ;;
	esac
}
prepare() {
	rm -rf t got.ckpk fired
	case $1 in
	init) ;;
	gc) cp -r loose t ;;
	*) cp -r base t ;;
	esac
}
# judge NAME STATUS WHERE
judge() {
	name=$1 status=$2 where=$3
	case $status in
	0 | 2 | 137) ;;
	*) fail "$where: status $status"; cat err ;;
	esac
	[ "$status" != 2 ] || [ "$(wc -l < err)" = 1 ] ||
		{ fail "$where: not one line"; cat err; }
	if [ "$name" = init ] && [ "$status" != 0 ]; then
		ckpt-store init t || fail "$where: init again"
	fi
	ckpt-store fsck t > out 2>&1 && [ ! -s out ] ||
		{ fail "$where: fsck"; cat out; }
	records t > found
	case $name in
	init) : > wanted; : > old ;;
	add) cp after_add wanted; cp before old ;;
	rm) cp after_rm wanted; cp before old ;;
	gc) cp after_gc wanted; cp after_gc old ;;
	get) cp before wanted; cp before old ;;
	esac
	if cmp -s found wanted; then
		:
	elif [ "$status" = 0 ]; then
		fail "$where: acknowledged, and not there"
	elif [ "$name" = rm ]; then # pack by pack
		comm -13 found wanted | grep -q . &&
			fail "$where: more is removed than was to be"
	else
		cmp -s found old || fail "$where: neither old nor new"
	fi
	ckpt-store get t > t.ckpk 2> err || { fail "$where: get"; cat err; }
	ckpt-sum t.ckpk | cut -c 1-64 | sort -u | comm -13 all_ids - |
		grep -q . && fail "$where: other weights"
	ckpt-store gc t > out 2> err || { fail "$where: gc"; cat err; }
	[ -z "$(ls t/tmp)" ] || fail "$where: a temporary stays"
	[ ! -e got.ckpk ] || ckpt-sum -q got.ckpk > out ||
		fail "$where: get left half a file"
}
# try COMMAND KIND MODE STEP
try() {
	n=1
	while :; do
		prepare "$1"
		(CKPT_FAULT=$2:$n:$3 CKPT_FAULT_FIRED=$scratch/fired \
			LD_PRELOAD=$shim; export CKPT_FAULT CKPT_FAULT_FIRED \
			LD_PRELOAD; command "$1") > out 2> err
		status=$?
		[ -e fired ] || break
		judge "$1" "$status" "$1, $3 at $2 $n"
		n=$((n + $4))
	done
	[ "$n" -gt 1 ] || [ "$2" = unlink ] || [ "$1" = get ] ||
		fail "$1 comes to no $2"
	[ "$status" = 0 ] || fail "$1 without a fault: $status"
	tried="$tried $1/$2/$3:$n"
}

# Steps: of calls, and of allocations.
if [ "${CKPT_FAULTS-}" = all ]; then
	few=1 many=1
else
	few=5 many=499
fi
tried=
for c in init add rm gc get; do
	for mode in fail kill; do
		for kind in sync rename unlink; do
			try $c $kind $mode 1
		done
		try $c write $mode $few
	done
	[ -n "${no_malloc-}" ] || try $c malloc fail $many
done
try add write half $few
try add write all $few
try gc write half $few
echo "$tried"
done_testing
