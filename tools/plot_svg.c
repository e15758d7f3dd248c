/*
 * plot_svg: the elements of SVG, written once and for all.
 */
#include "plot_panel.h"

#include <stdarg.h>

void
plot_svg_put(struct plot_svg *s, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	if (s->st != CKPT_OK)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		s->st = error_set(s->err, CKPT_USAGE, "a text too long");
	else
		s->st = buf_append(&s->out, text, (size_t)n, s->err);
}

/* Bytes of a character that XML cannot hold: control characters, U+FFFE and
 * U+FFFF; 0 where there is none. */
static size_t
forbidden(const unsigned char *c)
{
	if (c[0] < 0x20 || c[0] == 0x7F)
		return (1);
	return (c[0] == 0xEF && c[1] == 0xBF && c[2] >= 0xBE ? 3 : 0);
}

void
plot_svg_escape(struct plot_svg *s, const char *text)
{
	const bool is_utf8 = text_is_utf8(text, strlen(text));
	const unsigned char *c = (const unsigned char *)text;
	size_t n;

	for (; *c != '\0'; c += n) {
		n = forbidden(c);
		if (n > 0 || (!is_utf8 && *c >= 0x80)) {
			plot_svg_put(s, "?");
			n = n == 0 ? 1 : n;
			continue;
		}
		n = 1;
		if (*c == '&' || *c == '<' || *c == '>' || *c == '"')
			plot_svg_put(s, "&#%u;", *c);
		else
			plot_svg_put(s, "%c", *c);
	}
}

void
plot_svg_text(struct plot_svg *s, const struct plot_text *t,
    const char *text)
{
	static const char *const anchors[] = { "start", "middle", "end" };

	plot_svg_put(s, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%g\" "
	    "text-anchor=\"%s\" fill=\"%s\"", t->x, t->y, t->size,
	    anchors[t->anchor], t->fill);
	if (t->is_bold)
		plot_svg_put(s, " font-weight=\"bold\"");
	if (t->is_upright)
		plot_svg_put(s, " transform=\"rotate(-90 %.1f %.1f)\"", t->x,
		    t->y);
	plot_svg_put(s, ">");
	plot_svg_escape(s, text);
	plot_svg_put(s, "</text>\n");
}

double
plot_svg_width(const char *text, double size)
{
	size_t n = 0;

	for (; *text != '\0'; text++) /* characters, not bytes of UTF-8 */
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return ((double)n * size * 0.6);
}
