#include "format/envfile_view.h"

#include "format/json_write.h"

static void put_texts(struct buf *out, const char *key, const struct envfile_texts *list)
{
    json_write_key(out, key);
    buf_addc(out, '[');
    for (size_t i = 0; i < list->count; i++)
        json_write_item(out, list->items[i]);
    buf_addc(out, ']');
}

static void put_entry(struct buf *out, const struct envfile_entry *e)
{
    json_write_next(out);
    buf_addc(out, '{');
    json_write_some(out, "manager", e->manager == ENVFILE_PIP ? S("pip") : S("conda"));
    json_write_int(out, "line", e->line);
    json_write_some(out, "name", e->name);
    json_write_some(out, "spec", e->spec);
    json_write_some(out, "channel", e->channel);
    json_write_some(out, "version", e->version);
    json_write_some(out, "build", e->build);
    if (!str_eq(e->url, e->spec))
        json_write_some(out, "url", e->url);
    json_write_flag(out, "locked", e->url.len && str_eq(e->url, e->spec));
    json_write_some(out, "md5", e->md5);
    json_write_some(out, "sha256", e->sha256);
    json_write_some(out, "platform", e->platform);
    json_write_some(out, "group", e->group);
    buf_addc(out, '}');
}

void envfile_view(const struct envfile *f, size_t max, struct buf *out)
{
    size_t count = f->count < max ? f->count : max, pip = 0;

    for (size_t i = 0; i < f->count; i++)
        pip += f->entries[i].manager == ENVFILE_PIP;
    buf_addc(out, '{');
    json_write_some(out, "format", str_of(envfile_format_name(f->format)));
    json_write_some(out, "name", f->name);
    json_write_some(out, "prefix", f->prefix);
    put_texts(out, "channels", &f->channels);
    put_texts(out, "platforms", &f->platforms);
    put_texts(out, "variables", &f->variables);
    put_texts(out, "notes", &f->notes);
    json_write_int(out, "conda", (int64_t)(f->count - pip));
    json_write_int(out, "pip", (int64_t)pip);
    json_write_key(out, "entries");
    buf_addc(out, '[');
    for (size_t i = 0; i < count; i++)
        put_entry(out, &f->entries[i]);
    buf_addc(out, ']');
    if (count < f->count)
        json_write_int(out, "left_out", (int64_t)(f->count - count));
    buf_addc(out, '}');
}
