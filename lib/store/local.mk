CORE_SOURCES += \
	lib/store/catalog.c lib/store/catalog.h \
	lib/store/catalog_inner.h \
	lib/store/catalog_packs.c \
	lib/store/catalog_rows.c \
	lib/store/catalog_sqlite.c \
	lib/store/catalog_tensors.c \
	lib/store/inner.h \
	lib/store/store.h \
	lib/store/store_add.c \
	lib/store/store_bases.c \
	lib/store/store_files.c \
	lib/store/store_fsck.c \
	lib/store/store_gc.c \
	lib/store/store_heights.c \
	lib/store/store_index.c \
	lib/store/store_open.c \
	lib/store/store_orphans.c \
	lib/store/store_pack.c \
	lib/store/store_public.c \
	lib/store/store_query.c \
	lib/store/store_read.c \
	lib/store/store_remove.c \
	lib/store/store_renew.c \
	lib/store/store_repair.c \
	lib/store/store_rewrite.c \
	lib/store/store_source.c \
	lib/store/store_stage.c \
	lib/store/store_survey.c \
	lib/store/store_suspects.c \
	lib/store/store_thin.c \
	lib/store/store_tomb.c
