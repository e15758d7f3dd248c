noinst_LTLIBRARIES += lib/libremote.la
lib_libremote_la_SOURCES = \
	lib/remote/remote.h \
	lib/remote/remote_bytes.c \
	lib/remote/remote_cache.c lib/remote/remote_cache.h \
	lib/remote/remote_cache_json.c \
	lib/remote/remote_fetch.c \
	lib/remote/remote_head.c lib/remote/remote_head.h \
	lib/remote/remote_http.c lib/remote/remote_http.h \
	lib/remote/remote_retry.c lib/remote/remote_retry.h \
	lib/remote/remote_transfer.c lib/remote/remote_transfer.h \
	lib/remote/remote_url.c
lib_libremote_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS)
lib_libremote_la_LIBADD = $(CURL_LIBS) $(JANSSON_LIBS)
