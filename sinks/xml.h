/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SYNSENT_SINKS_XML_H
#define SYNSENT_SINKS_XML_H

#include "util/buf.h"

/*
 * Text as XML 1.0 takes it, between tags and in an attribute alike, whatever
 * bytes come in: what is markup, or could steer a terminal, is a reference, and what has no
 * place in XML (section 2.2), or is no UTF-8, becomes U+FFFD.
 */
void xml_text(struct buf *to, const char *s);

/* ` name="value"` */
void xml_attribute(struct buf *to, const char *name, const char *value);

#endif
