#!/bin/sh
# ckpt-cat: what is refused, and that nothing appears before it is complete.
. "$srcdir/tests/cli/cli.sh"
cd "$scratch" || exit 99
net=$fixtures/lenet5-relu
tgz=$fixtures/mnist-optunet-0-1023.tgz
tar -xzf "$tgz" mnist-optunet-0-1023/version_0.safetensors
cp mnist-optunet-0-1023/version_0.safetensors small.safetensors
ckpt-cat -o small.ckpk small.safetensors

# refuse PATTERN COMMAND...: status 2, one line on stderr
refuse() {
	pattern=$1
	shift
	expect 2 "$@"
	one_line
	says "^ckpt-cat: $pattern"
}
refuse 'absent: cannot open: No such file' ckpt-cat -l absent
: > empty
refuse 'empty: byte 0: the input is empty' ckpt-cat -l empty
refuse '-: byte 0: the input is empty' ckpt-cat -l < /dev/null
mkdir dir
refuse 'there is no checkpoint in the inputs' ckpt-cat -l dir
echo hello > text
refuse 'text: not a pack, a safetensors file or an archive' ckpt-cat -l text
printf '<!DOCTYPE html>\n<html>' > page
refuse 'page: this is an HTML page' ckpt-cat -l page

# formats that are recognised, by magic and not by name
python3 - << 'END'
import pickle, struct, zipfile
with zipfile.ZipFile("torch", "w") as z:
    z.writestr("archive/data.pkl", b"x")
with zipfile.ZipFile("script", "w") as z:
    z.writestr("net/data/0", b"\0\0\0\0")
    z.writestr("net/data.pkl", b"x")
with zipfile.ZipFile("npz", "w") as z:
    z.writestr("a.npy", b"x")
open("pickle", "wb").write(pickle.dumps(0x1950a86a20f9469cfc6c, 2))
open("npy", "wb").write(b"\x93NUMPY\x01\x00v\x00{")
open("gguf", "wb").write(b"GGUF\x03\x00\x00\x00")
open("hdf5", "wb").write(b"\x89HDF\r\n\x1a\n\x00")
open("onnx", "wb").write(b"\x08\x07\x12\x07pytorch\x1a\x052.1.0")
END
refuse 'torch: .*PyTorch checkpoint (.pt)' ckpt-cat -l torch
refuse 'script!net/data.pkl: .*PyTorch checkpoint (.pt)' ckpt-cat -q -l script
refuse 'npz: .*NumPy archive (.npz)' ckpt-cat -l npz
refuse 'pickle: .*old PyTorch checkpoint' ckpt-cat -l pickle
refuse 'npy: .*NumPy array (.npy)' ckpt-cat -l npy
refuse 'gguf: .*GGUF' ckpt-cat -l gguf
refuse 'hdf5: .*HDF5' ckpt-cat -l hdf5
refuse 'onnx: .*ONNX' ckpt-cat -l onnx
tar -cf t.tar torch small.safetensors
refuse 't.tar!torch: .*PyTorch' ckpt-cat -l t.tar

# a safetensors file cut anywhere
n=$(wc -c < small.safetensors)
i=1
while [ "$i" -lt "$n" ]; do
	head -c "$i" small.safetensors > cut.safetensors
	refuse "cut.safetensors: byte $i: " ckpt-cat -l cut.safetensors
	i=$((i + 37))
done

# nothing appears under its name after an error
cp small.safetensors a.safetensors
head -c 1000 small.safetensors > b.safetensors
expect 2 ckpt-cat -o out.ckpk a.safetensors b.safetensors
[ ! -e out.ckpk ] || fail "out.ckpk is there"
expect 2 ckpt-cat --to=npy -o out.npy a.safetensors b.safetensors
[ ! -e out.npy ] || fail "out.npy is there"
expect 2 ckpt-cat --to=safetensors -C o a.safetensors b.safetensors
[ -z "$(ls -A o)" ] || fail "files are there: $(ls -A o)"
[ -z "$(ls -A | grep '[.]tmp')" ] || fail "a temporary file is left"
ckpt-cat a.safetensors b.safetensors > out.ckpk 2> /dev/null
expect 2 ckpt-cat -l out.ckpk

# a damaged pack: a bit of the data, and of the IDs
python3 - << 'END'
b = bytearray(open("small.ckpk", "rb").read())
b[len(b) // 2] ^= 1
open("bad.ckpk", "wb").write(b)
END
refuse 'bad.ckpk: byte' ckpt-cat -l bad.ckpk
refuse 'bad.ckpk: byte' ckpt-cat --to=safetensors -C o bad.ckpk
[ -z "$(ls -A o)" ] || fail "files are there: $(ls -A o)"

# labels that would leave the directory, or meet
refuse 'the label /.* is an absolute path' ckpt-cat --to=safetensors -C o \
	"$scratch/small.safetensors"
refuse 'the label .* holds "[.][.]"' ckpt-cat --to=safetensors -C o \
	dir/../small.safetensors
refuse 'the label .* is repeated' ckpt-cat --to=safetensors -C o \
	small.safetensors small.ckpk
mkdir elsewhere
mkdir o/d 2> /dev/null
ln -s "$scratch/elsewhere" o/link
mkdir link && cp small.safetensors link
expect 2 ckpt-cat --to=safetensors -C o link
says 'links are not followed'
[ -z "$(ls -A elsewhere)" ] || fail "a link was followed"
# an existing file is replaced, others are left alone
echo old > o/small.safetensors
echo old > o/other
expect 0 ckpt-cat --to=safetensors -C o small.ckpk
cmp o/small.safetensors small.safetensors || fail "not replaced"
[ "$(cat o/other)" = old ] || fail "another file was touched"

# usage, terminals, full disks
expect 2 ckpt-cat --to=pt small.ckpk
expect 2 ckpt-cat --to=safetensors small.ckpk
expect 2 ckpt-cat -C o small.ckpk
expect 2 ckpt-cat --json small.ckpk
expect 2 ckpt-cat -l -o x small.ckpk
expect 2 ckpt-cat --codec=lz4 small.ckpk
expect 2 ckpt-cat -l --level=3 small.ckpk
expect 2 ckpt-cat --nonsense
if [ -c /dev/full ]; then
	for what in '' -l '--to=npy'; do
		ckpt-cat $what small.ckpk > /dev/full 2> err
		[ $? = 2 ] || fail "status on a full disk: $what"
		grep -q 'No space left' err || fail "full disk: $what"
	done
fi
if command -v script > /dev/null; then
	script -qec "ckpt-cat small.ckpk" /dev/null > tty < /dev/null
	[ $? = 2 ] || fail "binary data went to a terminal"
	grep -q 'not written to a terminal' tty || fail "terminal"
fi
expect 0 ckpt-cat -l small.ckpk
ckpt-cat -l small.ckpk >&- 2> err
[ $? = 2 ] || fail "a closed stdout"

# a tensor of half bytes beside the floating one is left out
python3 - << 'END'
import struct
h = (b'{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]},'
     b'"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}')
open("half.safetensors", "wb").write(
    struct.pack("<Q", len(h)) + h + b"\x12\x34" + struct.pack("<f", 1.5))
END
expect 0 ckpt-cat --to=npy -o m.npy half.safetensors
tail -c 4 m.npy | od -An -tx1 | grep -q '00 00 c0 3f' || fail "half bytes"

# different models make no matrix
expect 2 ckpt-cat --to=npy -o m.npy small.safetensors "$net/0.safetensors"
says 'different tensors'
done_testing
