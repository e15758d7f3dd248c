#!/bin/sh
# Recomputes the IDs of every fixture with printf, sort and sha256sum (and dd,
# sed and awk to cut the files and keep the books), and compares them with
# ckpt-sum's. Orbit IDs are recomputed from the canonical form that ckpt-align
# writes as f64 safetensors.
#
# Preimages are written to files and hashed many at a time.
set -u
export LC_ALL=C
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
fail=0
seen=

# read_header FILE: sets $start to the offset of the data, and leaves lines
# "NAME<TAB>dtype<TAB>DIMS<TAB>BEGIN<TAB>END" in $dir/tensors; for headers in
# the compact JSON that the fixtures have.
read_header() {
	n=$(od -A n -t u8 -N 8 "$1")
	n=$((n))
	start=$((8 + n))
	header=$(dd if="$1" bs=$n iflag=skip_bytes,fullblock skip=8 count=1 \
		status=none)
	[ "$header" != "$seen" ] || return 0
	seen=$header
	printf '%s\n' "$header" | sed 's/"__metadata__":{[^}]*},*//
		s/^{//
		s/}[} ]*$/}/
		s/},/}\n/g' | sed -n 's/^"\(.*\)":{"dtype":"\([A-Z0-9_]*\)",'\
'"shape":\[\([0-9,]*\)\],"data_offsets":\[\([0-9]*\),\([0-9]*\)\]}$/'\
'\1\t\L\2\E\t\3\t\4\t\5/p' > "$dir/tensors"
}

# hash_all DIRECTORY: "HASH  FILE" for each file in it.
hash_all() {
	(cd "$1" && find . -type f | sed 's,^\./,,' |
		xargs sha256sum)
}

# model_lines PREFIX LIST: for each file of LIST (line i is number i), lines
# "i TENSOR-ID  NAME" sorted by number and name. PREFIX goes before the path.
model_lines() {
	rm -rf "$dir/t"
	mkdir "$dir/t"
	: > "$dir/names"
	seen=
	i=0
	while read -r label; do
		i=$((i + 1))
		file=$1$label
		read_header "$file"
		j=0
		while IFS='	' read -r name dtype dims begin end; do
			j=$((j + 1))
			{ printf 'ckpt tensor 1\n%s\n%s\n' "$dtype" "$dims"
			  dd if="$file" bs=$((end - begin)) count=1 \
				iflag=skip_bytes,fullblock status=none \
				skip=$((start + begin)); } > "$dir/t/$i.$j"
			printf '%s.%s %s\n' $i $j "$name" >> "$dir/names"
		done < "$dir/tensors"
	done < "$2"
	hash_all "$dir/t" | awk -v names="$dir/names" '
		BEGIN { while ((getline line < names) > 0) {
			at = index(line, " ")
			name[substr(line, 1, at - 1)] = substr(line, at + 1) } }
		{ split($2, n, ".")
		  printf "%06d %s  %s\n", n[1], $1, name[$2] }' |
		sort -k 1,1 -k 1.74
}

# model_ids HEAD < MODEL-LINES: "ID" a line, HEAD being the preimage's.
model_ids() {
	rm -rf "$dir/m"
	mkdir "$dir/m"
	awk -v dir="$dir/m" -v head="$1" '
		{ file = dir "/" $1
		  if (file != last) {
			if (last != "") close(last)
			printf "%s\n", head > file
			last = file
		  }
		  print substr($0, 8) > file }'
	hash_all "$dir/m" | sort -k 2 | cut -c 1-64
}

# record_ids LIST < MODEL-IDS
record_ids() {
	rm -rf "$dir/r"
	mkdir "$dir/r"
	paste -d ' ' - "$1" | awk -v dir="$dir/r" '
		{ file = sprintf("%s/%06d", dir, NR)
		  printf "ckpt record 1\nmodel %s\nlabel %s\n", $1,
			substr($0, 66) > file
		  close(file) }'
	hash_all "$dir/r" | sort -k 2 | cut -c 1-64
}

# check TYPE INPUT...: ckpt-sum prints what is in $dir/TYPE.
check() {
	type=$1
	shift
	ckpt-sum -q -t "$type" "$@" > "$dir/found" && [ -s "$dir/found" ] &&
		cmp "$dir/$type" "$dir/found" || {
		echo "FAIL: $type IDs of $*"
		fail=1
	}
}

# family DIRECTORY INPUT [ARCH]: the IDs of all files below DIRECTORY, in
# natural order, against those of INPUT, whose labels are the files' paths.
family() {
	list=$dir/list
	find "$1" -name '*.safetensors' | sort -V > "$list"
	arch=${3:+--arch=$3}
	model_lines ./ "$list" > "$dir/lines"
	awk 'NR == FNR { label[NR] = $0; next }
		{ printf "%s  %s\t%s\n", $2, label[$1 + 0],
			substr($0, 74) }' "$list" "$dir/lines" > "$dir/tensor"
	model_ids 'ckpt model 1' < "$dir/lines" > "$dir/ids"
	sed 's/.*/&  /' "$dir/ids" | paste -d '' - "$list" > "$dir/model"
	record_ids "$list" < "$dir/ids" > "$dir/records"
	sed 's/.*/&  /' "$dir/records" | paste -d '' - "$list" > "$dir/record"
	{ printf 'ckpt release 1\n'; cat "$dir/records"; } | sha256sum |
		sed 's/ -$/ (release)/' > "$dir/release"

	ckpt-align -q --canonical=exact --dtype=f64 $arch "$2" |
		ckpt-cat --to=safetensors -C "$dir/canonical" || fail=1
	table=$(ckpt-align -q --table $arch "$2" | sha256sum | cut -c 1-64)
	model_lines "$dir/canonical/" "$list" |
		model_ids "ckpt orbit 1
$table" | sed 's/.*/&  /' | paste -d '' - "$list" > "$dir/orbit"
	rm -rf "$dir/canonical"

	for type in model tensor record release; do
		check "$type" "$2"
	done
	check orbit $arch "$2"
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
