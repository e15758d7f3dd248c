# libckpt: base to store, installed, and the folders beside it, which are
# linked into the tools only. Each folder lists its sources in local.mk.

CORE_SOURCES =
CORE_CFLAGS = $(ZSTD_CFLAGS) $(XXHASH_CFLAGS) $(CRYPTO_CFLAGS) \
	$(SQLITE_CFLAGS)
CORE_LIBS = $(ZSTD_LIBS) $(XXHASH_LIBS) $(CRYPTO_LIBS) \
	$(SQLITE_LIBS) -lm

include $(srcdir)/lib/base/local.mk
include $(srcdir)/lib/id/local.mk
include $(srcdir)/lib/codec/local.mk
include $(srcdir)/lib/graph/local.mk
include $(srcdir)/lib/sym/local.mk
include $(srcdir)/lib/pack/local.mk
include $(srcdir)/lib/store/local.mk

# The same objects for the tools and the tests, with all symbols.
noinst_LTLIBRARIES += lib/libcore.la
lib_libcore_la_SOURCES = lib/ckpt.h $(CORE_SOURCES)
lib_libcore_la_CFLAGS = $(AM_CFLAGS) $(CORE_CFLAGS)
lib_libcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(CODEC_CPPFLAGS)
lib_libcore_la_LIBADD = $(CODEC_LIBS) $(CORE_LIBS)

# See HACKING.md for the policy of these three numbers.
lib_LTLIBRARIES += lib/libckpt.la
lib_libckpt_la_SOURCES =
lib_libckpt_la_LIBADD = lib/libcore.la
lib_libckpt_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined \
	-Wl,--version-script=$(top_srcdir)/lib/libckpt.map
lib_libckpt_la_DEPENDENCIES = lib/libcore.la lib/libckpt.map
EXTRA_DIST += lib/libckpt.map
include_HEADERS += lib/ckpt.h
pkgconfig_DATA += lib/libckpt.pc

include $(srcdir)/lib/foreign/local.mk
include $(srcdir)/lib/match/local.mk
include $(srcdir)/lib/nn/local.mk
include $(srcdir)/lib/stats/local.mk
include $(srcdir)/lib/remote/local.mk
