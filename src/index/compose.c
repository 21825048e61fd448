#include "index/compose.h"

#include "base/limits.h"
#include "format/json.h"
#include "format/stitch.h"
#include "index/conda_html.h"
#include "index/conda_repodata.h"
#include "index/conda_run_exports.h"
#include "index/conda_shards.h"
#include "index/documents.h"

/* What the texts of a document are made from. */
struct making {
    struct tx *tx;
    struct arena *mem;
    const struct channel *ch;
    const struct index_place *place;
    struct composition c;
    struct compose_counter counter;
    bool failed; /* no memory */
};

static void add_text(struct making *m, const struct buf *text)
{
    struct str copy = buf_ok(text) ? str_dup(m->mem, buf_str(text)) : (struct str){0};

    m->failed = m->failed || !copy.ptr;
    m->c.parts[m->c.count++] = (struct compose_part){.text = copy};
}

/* The list that the view shows, or an empty one. */
static enum err_code find_list(const struct making *m, enum conda_list list,
                               struct index_list_row *ret, struct err *err)
{
    const struct list_kind *kind = &conda_list_kinds[list];
    enum access_level access;
    enum err_code code =
        m->c.generation ? list_shown_at(m->tx, m->mem, m->place, kind, m->c.generation, ret, err)
                        : list_shown(m->tx, m->mem, m->place, kind, ret, &access, err);

    if (code != ERR_NOT_FOUND)
        return code;
    *ret = (struct index_list_row){.mark = S("")};
    return OK;
}

static enum err_code add_list(struct making *m, enum conda_list list, struct err *err)
{
    struct index_list_row row;
    enum err_code code = find_list(m, list, &row, err);

    if (code == OK)
        m->c.parts[m->c.count++] =
            (struct compose_part){.kind = &conda_list_kinds[list], .list = row};
    return code;
}

/* How many items the document tells of, and of when the newest is. */
static enum err_code count_list(const struct making *m, enum conda_list list,
                                struct index_list_row *ret, struct err *err)
{
    enum err_code code = find_list(m, list, ret, err);

    if (code || !m->counter.fn || !ret->id)
        return code;
    return m->counter.fn(m->counter.ctx, &conda_list_kinds[list], ret, err);
}

/* ---- the documents ---- */

/* Two maps of files between a beginning and an end; text holds the beginning. */
static enum err_code add_maps(struct making *m, enum conda_list v1, enum conda_list v2,
                              struct buf *text, void (*end)(struct buf *out), struct err *err)
{
    enum err_code code;

    buf_addz(text, CONDA_MAPS_BEGIN);
    add_text(m, text);
    if ((code = add_list(m, v1, err)))
        return code;
    buf_clear(text);
    buf_addz(text, CONDA_MAPS_BETWEEN);
    add_text(m, text);
    if ((code = add_list(m, v2, err)))
        return code;
    buf_clear(text);
    buf_addz(text, CONDA_MAPS_END);
    end(text);
    add_text(m, text);
    return OK;
}

static enum err_code compose_repodata(struct making *m, struct buf *text, struct err *err)
{
    conda_repodata_begin(m->place->subdir, text);
    return add_maps(m, CONDA_PACKAGES, CONDA_PACKAGES_CONDA, text, conda_repodata_end, err);
}

static enum err_code compose_run_exports(struct making *m, struct buf *text, struct err *err)
{
    conda_run_exports_begin(m->place->subdir, text);
    return add_maps(m, CONDA_EXPORTS, CONDA_EXPORTS_CONDA, text, conda_run_exports_end, err);
}

static enum err_code compose_shards(struct making *m, struct buf *text, struct err *err)
{
    struct index_list_row row;
    enum err_code code = count_list(m, CONDA_SHARDS, &row, err);

    if (code)
        return code;
    conda_shards_begin(m->place->subdir, (size_t)row.items, row.newest_ms, text);
    add_text(m, text);
    if ((code = add_list(m, CONDA_SHARDS, err)))
        return code;
    buf_clear(text);
    conda_shards_end(text);
    add_text(m, text);
    return OK;
}

static enum err_code compose_subdir_page(struct making *m, struct buf *text, struct err *err)
{
    struct str title = document_title(m->mem, m->ch);
    struct index_list_row row;
    enum err_code code;

    conda_subdir_page_begin(title, m->place->subdir, text);
    add_text(m, text);
    if ((code = count_list(m, CONDA_PAGE, &row, err)) || (code = add_list(m, CONDA_PAGE, err)))
        return code;
    buf_clear(text);
    conda_subdir_page_end((size_t)row.items, row.newest_ms, text);
    add_text(m, text);
    m->failed = m->failed || !title.ptr;
    return OK;
}

/* The subdirs in which the view shows files, and "noarch"; a new array. */
static enum err_code list_subdirs(const struct making *m, json_t **ret, struct err *err)
{
    AUTO(json_decrefp) json_t *array = json_array();
    struct name_list found = {0};
    bool noarch = false;
    struct str page = conda_list_kinds[CONDA_PAGE].name;
    enum err_code code =
        m->c.generation
            ? index_list_subdirs_at(m->tx, m->mem, m->place, page, m->c.generation, &found, err)
            : index_list_subdirs(m->tx, m->mem, m->place, page, &found, err);
    int bad = !array;

    if (code)
        return code;
    for (size_t i = 0; !bad && i < found.count; i++) {
        int order = noarch || !found.names[i].len ? -1 : str_cmp(found.names[i], S("noarch"));

        if (!found.names[i].len)
            continue; /* of the channel itself */
        if (order >= 0) {
            noarch = true;
            bad = json_array_append_new(array, json_string("noarch"));
            if (order == 0)
                continue;
        }
        bad = bad || json_array_append_new(array, json_of(found.names[i]));
    }
    if (!bad && !noarch)
        bad = json_array_append_new(array, json_string("noarch"));
    if (bad)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    *ret = TAKE(array);
    return OK;
}

static enum err_code compose_channeldata(struct making *m, struct buf *text, struct err *err)
{
    AUTO(json_decrefp) json_t *subdirs = NULL;
    enum err_code code = list_subdirs(m, &subdirs, err);

    if (code)
        return code;
    buf_addz(text, CONDA_CHANNELDATA_BEGIN);
    add_text(m, text);
    if ((code = add_list(m, CONDA_CHANNELDATA, err)))
        return code;
    buf_clear(text);
    conda_channeldata_end_with(subdirs, text);
    add_text(m, text);
    return OK;
}

static enum err_code compose_channel_page(struct making *m, struct buf *text, struct err *err)
{
    AUTO(json_decrefp) json_t *subdirs = NULL;
    struct str title = document_title(m->mem, m->ch);
    struct index_list_row row;
    enum err_code code = list_subdirs(m, &subdirs, err);

    if (code)
        return code;
    conda_channel_page_begin(title, subdirs, text);
    add_text(m, text);
    if ((code = count_list(m, CONDA_CHANNEL_PAGE, &row, err)) ||
        (code = add_list(m, CONDA_CHANNEL_PAGE, err)))
        return code;
    buf_clear(text);
    conda_channel_page_end((size_t)row.items, row.newest_ms, text);
    add_text(m, text);
    m->failed = m->failed || !title.ptr;
    return OK;
}

/* ---- which there are ---- */

struct composed_kind {
    struct composed_name name;
    enum err_code (*fn)(struct making *m, struct buf *text, struct err *err);
};
static const struct composed_kind of_subdirs[] = {
    {{{"repodata.json", 13}, true, true}, compose_repodata},
    {{{"run_exports.json", 16}, true, true}, compose_run_exports},
    {{{"repodata_shards.msgpack.zst", 27}, false, false}, compose_shards},
    {{{"index.html", 10}, true, false}, compose_subdir_page},
};
static const struct composed_kind of_channels[] = {
    {{{"channeldata.json", 16}, true, false}, compose_channeldata},
    {{{"index.html", 10}, true, false}, compose_channel_page},
};

static const struct composed_kind *kind_at(struct str subdir, size_t number)
{
    if (subdir.len)
        return number < COUNT(of_subdirs) ? &of_subdirs[number] : NULL;
    return number < COUNT(of_channels) ? &of_channels[number] : NULL;
}

struct composed_name compose_name(struct str subdir, size_t number)
{
    const struct composed_kind *k = kind_at(subdir, number);

    return k ? k->name : (struct composed_name){0};
}

static enum err_code make(struct making *m, struct str name, struct composition *ret,
                          struct err *err)
{
    AUTO(buf_done) struct buf text = BUF_INIT(MIB);
    const struct composed_kind *k;
    enum err_code code;

    for (size_t i = 0; (k = kind_at(m->place->subdir, i)); i++)
        if (str_eq(k->name.name, name))
            break;
    if (!k)
        return fail(err, ERR_NOT_FOUND, "no document \"" STR_FMT "\" is composed", STR_ARG(name));
    code = k->fn(m, &text, err);
    if (code)
        return code;
    if (m->failed)
        return fail(err, ERR_NOMEM, "out of memory for an index");
    *ret = m->c;
    return OK;
}

enum err_code compose(struct tx *tx, struct arena *mem, const struct channel *ch,
                      const struct index_place *place, struct str name, int64_t generation,
                      struct composition *ret, struct err *err)
{
    struct making m = {
        .tx = tx, .mem = mem, .ch = ch, .place = place, .c = {.generation = generation}};

    return make(&m, name, ret, err);
}

/* Is the document there with ".zst" at its end, too? */
static bool is_packed(struct str subdir, struct str name)
{
    const struct composed_kind *k;

    for (size_t i = 0; (k = kind_at(subdir, i)); i++)
        if (str_eq(k->name.name, name))
            return k->name.zstd;
    return false;
}

/* name: the whole one. */
static enum err_code make_named(struct making *m, struct str name, enum index_form *form,
                                struct composition *ret, struct err *err)
{
    bool packed = str_ends(name, S(".zst"));
    enum err_code code = make(m, name, ret, err);

    if (packed)
        *form = INDEX_ZSTD;
    if (code != ERR_NOT_FOUND || !packed)
        return code;
    name.len -= S(".zst").len;
    return is_packed(m->place->subdir, name) ? make(m, name, ret, err) : code;
}

enum err_code compose_named(struct tx *tx, struct arena *mem, const struct channel *ch,
                            const struct index_place *place, struct str name, int64_t generation,
                            enum index_form *form, struct composition *ret, struct err *err)
{
    struct making m = {
        .tx = tx, .mem = mem, .ch = ch, .place = place, .c = {.generation = generation}};

    return make_named(&m, name, form, ret, err);
}

enum err_code compose_wanted(struct tx *tx, struct arena *mem, const struct channel *ch,
                             const struct index_place *place, const struct compose_wanted *wanted,
                             enum index_form *form, struct composition *ret, struct err *err)
{
    struct making m = {.tx = tx,
                       .mem = mem,
                       .ch = ch,
                       .place = place,
                       .c = {.generation = wanted->generation},
                       .counter = wanted->counter};

    return make_named(&m, wanted->name, form, ret, err);
}

enum err_code compose_chunks(struct tx *tx, struct arena *mem, const struct composition *c,
                             const struct compose_part *list, struct index_chunk_list *ret,
                             struct err *err)
{
    return c->generation ? index_chunk_all_at(tx, mem, list->list.id, c->generation, ret, err)
                         : index_chunk_all(tx, mem, list->list.id, ret, err);
}

/* ---- what they come to ---- */

static uint64_t text_size(enum index_form form, uint64_t size)
{
    return form == INDEX_ZSTD   ? zstd_stored_size(size)
           : form == INDEX_GZIP ? gzip_stored_size(size)
                                : size;
}

static uint64_t list_size(const struct compose_part *p, enum index_form form)
{
    uint64_t chunks = (uint64_t)p->list.chunks;
    uint64_t size = (uint64_t)(form == INDEX_ZSTD   ? p->list.zstd_size
                               : form == INDEX_GZIP ? p->list.gzip_size
                                                    : p->list.text_size);

    return chunks ? size + (chunks - 1) * text_size(form, p->kind->form.separator.len) : 0;
}

bool compose_has(const struct composition *c, enum index_form form)
{
    for (size_t i = 0; i < c->count; i++)
        if (form == INDEX_GZIP && c->parts[i].kind && !c->parts[i].kind->form.gzip)
            return false;
    return true;
}

uint64_t compose_size(const struct composition *c, enum index_form form)
{
    uint64_t size = form == INDEX_ZSTD   ? ZSTD_HEAD_SIZE + ZSTD_END_SIZE
                    : form == INDEX_GZIP ? GZIP_HEAD_SIZE + GZIP_END_SIZE
                                         : 0;

    for (size_t i = 0; i < c->count; i++) {
        const struct compose_part *p = &c->parts[i];

        size += p->kind ? list_size(p, form) : text_size(form, p->text.len);
    }
    return size;
}

enum err_code compose_digest(const struct composition *c, enum index_form form,
                             char out[SHA256_HEX + 1], struct err *err)
{
    AUTO(buf_done) struct buf b = BUF_INIT(4 * MIB);

    buf_addf(&b, "%d", (int)form);
    for (size_t i = 0; i < c->count; i++) {
        const struct compose_part *p = &c->parts[i];

        /* Lengths, so that no text can be taken for another or for a mark. */
        buf_addf(&b, "\n%c%zu ", p->kind ? 'l' : 't', p->kind ? p->list.mark.len : p->text.len);
        buf_add(&b, p->kind ? p->list.mark : p->text);
    }
    if (!buf_ok(&b))
        return fail(err, ERR_NOMEM, "out of memory for an index");
    digest_sha256_hex(buf_str(&b), out);
    return OK;
}
