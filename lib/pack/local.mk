CORE_SOURCES += \
	lib/pack/dedup.c lib/pack/dedup.h \
	lib/pack/dedup_blocks.c \
	lib/pack/dedup_near.c \
	lib/pack/dedup_orbit.c \
	lib/pack/batch.h \
	lib/pack/batch_decode.c \
	lib/pack/batch_encode.c \
	lib/pack/columns.c lib/pack/columns.h \
	lib/pack/confirm.c lib/pack/confirm.h \
	lib/pack/index.h \
	lib/pack/index_group.c \
	lib/pack/index_pages.c \
	lib/pack/lookup.c lib/pack/lookup.h \
	lib/pack/moved.c lib/pack/moved.h \
	lib/pack/moved_bits.h \
	lib/pack/moved_find.c \
	lib/pack/moved_key.c \
	lib/pack/moved_wire.c \
	lib/pack/pack.h \
	lib/pack/pack_base.c \
	lib/pack/pack_index.c \
	lib/pack/pack_index_outside.c \
	lib/pack/pack_index_pages.c \
	lib/pack/pack_index_read.c \
	lib/pack/pack_index_source.c \
	lib/pack/pack_public_index.c \
	lib/pack/pack_public_reader.c \
	lib/pack/pack_public_writer.c \
	lib/pack/pack_source.c \
	lib/pack/pack_writer.c \
	lib/pack/reader.h \
	lib/pack/reader_group.c \
	lib/pack/reader_part.c \
	lib/pack/page_cache.c lib/pack/page_cache.h \
	lib/pack/refs.h \
	lib/pack/refs_blocks.c \
	lib/pack/refs_decode.c \
	lib/pack/refs_difference.c \
	lib/pack/refs_orbit.c \
	lib/pack/refs_outside.c \
	lib/pack/refs_private.h \
	lib/pack/salvage.c lib/pack/salvage.h \
	lib/pack/salvage_load.c \
	lib/pack/salvage_walk.c \
	lib/pack/selected.h \
	lib/pack/selected_group.c \
	lib/pack/selected_stream.c \
	lib/pack/wire.h \
	lib/pack/wire_decode.c \
	lib/pack/wire_directory.c \
	lib/pack/wire_encode.c \
	lib/pack/wire_model_decode.c \
	lib/pack/wire_model_encode.c \
	lib/pack/wire_schema_decode.c \
	lib/pack/wire_schema_encode.c \
	lib/pack/writer.h \
	lib/pack/writer_archive.c \
	lib/pack/writer_group.c \
	lib/pack/writer_part.c
