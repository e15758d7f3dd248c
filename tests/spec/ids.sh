#!/bin/sh
# Recomputes the IDs of every fixture with printf, sort and sha256sum (and dd,
# tail and sed to cut the files), and compares them with ckpt-sum's. Orbit IDs
# are recomputed from the canonical form written as f64 safetensors.
set -u
export LC_ALL=C
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
fail=0

sum() {
	sha256sum | cut -c 1-64
}

# tensors FILE: "NAME<TAB>DTYPE<TAB>DIMS<TAB>BEGIN<TAB>END" for each tensor;
# for headers in the compact JSON that the fixtures have.
tensors() {
	n=$(od -A n -t u8 -N 8 "$1" | tr -d ' ')
	tail -c +9 "$1" | head -c "$n" | sed '
		s/"__metadata__":{[^}]*},*//
		s/^{//
		s/}[} ]*$/}/
		s/},/}\n/g' | sed -n 's/^"\(.*\)":{"dtype":"\([A-Z0-9_]*\)",'\
'"shape":\[\([0-9,]*\)\],"data_offsets":\[\([0-9]*\),\([0-9]*\)\]}$/'\
'\1\t\2\t\3\t\4\t\5/p'
	echo >&3 $((8 + n))
}

# model_lines FILE: "TENSOR-ID  NAME" sorted by name.
model_lines() {
	tensors "$1" 3> "$dir/start" > "$dir/tensors"
	start=$(cat "$dir/start")
	while IFS='	' read -r name dtype dims begin end; do
		id=$( { printf 'ckpt tensor 1\n%s\n%s\n' \
			"$(printf %s "$dtype" | tr A-Z a-z)" "$dims"
			tail -c +$((start + begin + 1)) "$1" |
				head -c $((end - begin)); } | sum)
		printf '%s  %s\n' "$id" "$name"
	done < "$dir/tensors" | sort -t '' -k 1.67
}

# check TYPE EXPECTED-FILE INPUT...
check() {
	type=$1
	expected=$2
	shift 2
	if ! ckpt-sum -q -t "$type" "$@" > "$dir/found" ||
	   [ ! -s "$expected" ] || ! cmp "$expected" "$dir/found"; then
		echo "FAIL: $type IDs of $*"
		fail=1
	fi
}

# family DIRECTORY INPUT [ARCH]: the IDs of all files below DIRECTORY, in
# natural order, against those of INPUT, whose labels are the files' paths.
family() {
	input=$2
	arch=${3:+--arch=$3}
	for type in model tensor record orbit; do
		: > "$dir/$type"
	done
	ckpt-align -q --canonical=exact --dtype=f64 $arch "$input" |
		ckpt-cat --to=safetensors -C "$dir/canonical" || fail=1
	table=$(ckpt-align -q --explain=table $arch "$input" | sum)
	find "$1" -name '*.safetensors' | sort -V | while read -r label; do
		model_lines "$label" > "$dir/lines"
		sed 's,^\([0-9a-f]*  \)\(.*\),\1'"$label"'\t\2,' \
			"$dir/lines" >> "$dir/tensor"
		id=$( { printf 'ckpt model 1\n'; cat "$dir/lines"; } | sum)
		printf '%s  %s\n' "$id" "$label" >> "$dir/model"
		id=$(printf 'ckpt record 1\nmodel %s\nlabel %s\n' "$id" \
			"$label" | sum)
		printf '%s  %s\n' "$id" "$label" >> "$dir/record"
		model_lines "$dir/canonical/$label" > "$dir/lines"
		id=$( { printf 'ckpt orbit 1\n%s\n' "$table"
			cat "$dir/lines"; } | sum)
		printf '%s  %s\n' "$id" "$label" >> "$dir/orbit"
	done
	for type in model tensor record; do
		check "$type" "$dir/$type" "$input"
	done
	check orbit "$dir/orbit" $arch "$input"
	rm -rf "$dir/canonical"
}

fixtures=$srcdir/fixtures
mkdir "$dir/x" && cd "$dir/x" || exit 99
for archive in mnist-optunet-0-1023 mnist-optunet-trajectory; do
	tar -xzf "$fixtures/$archive.tgz" || exit 99
	family "$archive" "$fixtures/$archive.tgz"
done
cd "$fixtures" || exit 99
family lenet5-relu lenet5-relu lenet5-relu
family lenet5-tanh lenet5-tanh lenet5-tanh
family mlp mlp
exit $fail
