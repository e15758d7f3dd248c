/*
 * random_pack: writes a valid pack of random models by the library.
 *
 * usage: random_pack SEED FILE
 */
#include "packs.h"
#include "unit.h"

int
main(int argc, char **argv)
{
	struct pack_writer_options o = { .codec = PACK_CODEC_NONE };
	struct packs_random r;
	struct packs_set set;
	struct packs_file f;
	FILE *out;

	if (argc != 3)
		return (2);
	r.state = strtoull(argv[1], NULL, 10) * 2654435761u;
	packs_next(&r);
	set = packs_set_new(&r, 12, 8, packs_below(&r, 4) == 0 ? 3000000 :
	    300);
	o.codec = (enum pack_codec)packs_below(&r, 3);
	o.level = (int)packs_below(&r, 6);
	o.group_models = packs_below(&r, 4);
	o.n_threads = 1 + (unsigned)packs_below(&r, 3);
	f = packs_write(&set, &o, &r);
	out = fopen(argv[2], "wb");
	if (out == NULL || fwrite(f.data, 1, f.n, out) != f.n ||
	    fclose(out) != 0)
		return (1);
	packs_file_free(&f);
	packs_set_free(&set);
	return (0);
}
