/* Room report: the style of index.html, light and dark. Data only; no external resource. */
#ifndef SHARKTANK_REPORT_STYLE_H
#define SHARKTANK_REPORT_STYLE_H

extern const char report_style[];

#endif
