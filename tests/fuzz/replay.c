/*
 * replay: gives each file of the named files and directories to a fuzz
 * target, so that `make check` runs every corpus without libFuzzer. A target
 * is a success if it does not crash.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <stdint.h>

#include "base/banned.h"
#include "fuzz.h"

static size_t n_replayed;

static int
replay_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct stat sb;
	uint8_t *data;
	size_t n;

	if (f == NULL || fstat(fileno(f), &sb) != 0) {
		perror(path);
		return (1);
	}
	/* exactly as long as the input, so that a read beyond is seen */
	data = malloc((size_t)sb.st_size + 1);
	if (data == NULL)
		abort();
	data = realloc(data, sb.st_size > 0 ? (size_t)sb.st_size : 1);
	n = fread(data, 1, (size_t)sb.st_size, f);
	(void)fclose(f);
	(void)LLVMFuzzerTestOneInput(data, n);
	free(data);
	n_replayed++;
	return (0);
}

static int
replay_directory(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	char name[4096];
	int bad = 0;

	if (d == NULL) {
		perror(path);
		return (1);
	}
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path,
		    entry->d_name);
		bad |= replay_file(name);
	}
	(void)closedir(d);
	return (bad);
}

int
main(int argc, char **argv)
{
	struct stat sb;
	int i, bad = 0;

	for (i = 1; i < argc; i++)
		if (stat(argv[i], &sb) == 0 && S_ISDIR(sb.st_mode))
			bad |= replay_directory(argv[i]);
		else
			bad |= replay_file(argv[i]);
	(void)printf("%zu inputs replayed\n", n_replayed);
	return (bad || n_replayed == 0);
}
