#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "blob/s3_xml.h"

#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static int enter(void **state)
{
    *state = arena_open(16 * MIB);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    arena_close(*state);
    return 0;
}

static void list_of_objects_is_read(void **state)
{
    struct s3_objects page;

    assert_int_equal(
        s3_xml_objects(*state,
                       S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult" NS ">"
                         "<Name>bucket</Name><Prefix/><KeyCount>2</KeyCount>"
                         "<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>\n"
                         "<Contents><Key>p/a&amp;b&#x20ac;&#65;</Key><LastModified>x</LastModified>"
                         "<ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag>"
                         "<Size>434234</Size><Owner><ID>7</ID></Owner></Contents>"
                         "<Contents><Size>0</Size><Key>p/c</Key></Contents>"
                         "<CommonPrefixes><Prefix>q</Prefix></CommonPrefixes>"
                         "</ListBucketResult>\n"),
                       &page, NULL),
        OK);
    assert_int_equal(page.count, 2);
    assert_str(page.items[0].key, "p/a&b\xe2\x82\xac"
                                  "A");
    assert_int_equal(page.items[0].size, 434234);
    assert_str(page.items[1].key, "p/c");
    assert_int_equal(page.items[1].size, 0);
    assert_false(page.more);
}

static void list_that_goes_on_says_how(void **state)
{
    struct s3_objects page = {.count = 99};

    assert_int_equal(s3_xml_objects(*state,
                                    S("<ListBucketResult><IsTruncated>true</IsTruncated>"
                                      "<NextContinuationToken>1ueGcxLPRx1Tr/XYExHnh==</"
                                      "NextContinuationToken></ListBucketResult>"),
                                    &page, NULL),
                     OK);
    assert_true(page.more);
    assert_str(page.next, "1ueGcxLPRx1Tr/XYExHnh==");
    assert_int_equal(page.count, 0);
    assert_int_equal(s3_xml_objects(*state,
                                    S("<ListBucketResult><IsTruncated>true</IsTruncated>"
                                      "</ListBucketResult>"),
                                    &page, NULL),
                     ERR_INVALID);
}

static void many_objects_are_read(void **state)
{
    AUTO(buf_done) struct buf xml = BUF_INIT(4 * MIB);
    struct s3_objects page;

    buf_addz(&xml, "<ListBucketResult>");
    for (unsigned i = 0; i < 10000; i++)
        buf_addf(&xml, "<Contents><Key>k%u</Key><Size>%u</Size></Contents>", i, i);
    buf_addz(&xml, "</ListBucketResult>");
    assert_int_equal(s3_xml_objects(*state, buf_str(&xml), &page, NULL), OK);
    assert_int_equal(page.count, 10000);
    assert_str(page.items[9999].key, "k9999");
    assert_int_equal(page.items[5000].size, 5000);
    xml.len -= sizeof("</ListBucketResult>") - 1;
    buf_addz(&xml, "<Contents><Key>one</Key><Size>1</Size></Contents></ListBucketResult>");
    assert_int_equal(s3_xml_objects(*state, buf_str(&xml), &page, NULL), ERR_INVALID);
}

static void list_of_uploads_is_read(void **state)
{
    struct s3_uploads page;

    assert_int_equal(
        s3_xml_uploads(
            *state,
            S("<ListMultipartUploadsResult" NS "><Bucket>b</Bucket><KeyMarker/>"
              "<NextKeyMarker>my-movie.m2ts</NextKeyMarker>"
              "<NextUploadIdMarker>YW55IGlkZWEg</NextUploadIdMarker>"
              "<MaxUploads>2</MaxUploads><IsTruncated>true</IsTruncated>"
              "<Upload><Key>my-divisor</Key><UploadId>XMgbGlrZSBlbHZp</UploadId>"
              "<Initiator><ID>arn:aws:iam::1:user/u</ID><DisplayName>u</DisplayName></Initiator>"
              "<StorageClass>STANDARD</StorageClass>"
              "<Initiated>2010-11-10T20:48:33.000Z</Initiated></Upload>"
              "<Upload><Key>my-movie.m2ts</Key><UploadId>VXBsb2FkIElE</UploadId>"
              "<Initiated>1970-01-01T00:00:01Z</Initiated></Upload>"
              "</ListMultipartUploadsResult>"),
            &page, NULL),
        OK);
    assert_int_equal(page.count, 2);
    assert_str(page.items[0].key, "my-divisor");
    assert_str(page.items[0].id, "XMgbGlrZSBlbHZp");
    assert_int_equal(page.items[0].begun_ms, INT64_C(1289422113000));
    assert_int_equal(page.items[1].begun_ms, 1000);
    assert_true(page.more);
    assert_str(page.next_key, "my-movie.m2ts");
    assert_str(page.next_id, "YW55IGlkZWEg");
}

static void malformed_times_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "2010-11-10",
        "2010-11-10T20:48:33",
        "2010-11-10T20:48:33+01:00",
        "2010-13-10T20:48:33Z",
        "2010-00-10T20:48:33Z",
        "2010-11-32T20:48:33Z",
        "2010-11-10T24:48:33Z",
        "2010-11-10T20:60:33Z",
        "2010-11-10T20:48:61Z",
        " 010-11-10T20:48:33Z",
        "2010-11-10T20:48:3Z",
    };
    struct s3_uploads page;

    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct str xml = str_fmt(*state,
                                 "<ListMultipartUploadsResult><Upload><Key>k</Key>"
                                 "<UploadId>i</UploadId><Initiated>%s</Initiated></Upload>"
                                 "</ListMultipartUploadsResult>",
                                 wrong[i]);

        assert_int_equal(s3_xml_uploads(*state, xml, &page, NULL), ERR_INVALID);
    }
}

static void entries_that_lack_a_field_are_refused(void **state)
{
    struct s3_objects objects;
    struct s3_uploads uploads;

    assert_int_equal(s3_xml_objects(*state,
                                    S("<ListBucketResult><Contents><Key>k</Key><Size>1</Size>"
                                      "</Contents><Contents><Key>l</Key></Contents>"
                                      "</ListBucketResult>"),
                                    &objects, NULL),
                     ERR_INVALID);
    assert_int_equal(s3_xml_objects(*state,
                                    S("<ListBucketResult><Contents><Key>k</Key><Size>-1</Size>"
                                      "</Contents></ListBucketResult>"),
                                    &objects, NULL),
                     ERR_INVALID);
    assert_int_equal(s3_xml_uploads(*state,
                                    S("<ListMultipartUploadsResult><Upload><Key>k</Key>"
                                      "<Initiated>2010-11-10T20:48:33.000Z</Initiated></Upload>"
                                      "</ListMultipartUploadsResult>"),
                                    &uploads, NULL),
                     ERR_INVALID);
}

static void ids_of_uploads_are_read(void **state)
{
    struct str id = S("before");

    assert_int_equal(s3_xml_upload_id(*state,
                                      S("<?xml version='1.0'?><InitiateMultipartUploadResult" NS
                                        "><Bucket>b</Bucket><Key>k</Key>"
                                        "<UploadId>VX~.-_+/=&lt;</UploadId>"
                                        "</InitiateMultipartUploadResult>"),
                                      &id, NULL),
                     OK);
    assert_str(id, "VX~.-_+/=<");
    assert_int_equal(s3_xml_upload_id(*state, S("<InitiateMultipartUploadResult/>"), &id, NULL),
                     ERR_INVALID);
    assert_int_equal(s3_xml_upload_id(*state, S("<X><UploadId>i</UploadId></X>"), &id, NULL),
                     ERR_INVALID);
}

static void completion_is_told_from_an_error(void **state)
{
    assert_int_equal(s3_xml_completed(*state,
                                      S("  \n<s3:CompleteMultipartUploadResult xmlns:s3='x'>"
                                        "<ETag>e</ETag></s3:CompleteMultipartUploadResult>"),
                                      NULL),
                     OK);
    assert_int_equal(s3_xml_completed(*state, S("<Error><Code>InternalError</Code></Error>"), NULL),
                     ERR_INVALID);
    assert_int_equal(s3_xml_completed(*state, S(""), NULL), ERR_INVALID);
}

static void codes_of_errors_are_plain_words(void **state)
{
    static const struct {
        const char *xml, *code;
    } cases[] = {
        {"<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>m</Message></Error>",
         "NoSuchKey"},
        {"\xef\xbb\xbf<Error><Message/><Code>A.b-C_9</Code></Error>", "A.b-C_9"},
        {"<Error><Code/></Error>", ""},
        {"<Error><Code>two words</Code></Error>", ""},
        {"<Error><Code>a\nb</Code></Error>", ""},
        {"<Error><Code>"
         "x123456789x123456789x123456789x123456789x123456789x123456789x123"
         "</Code></Error>",
         "x123456789x123456789x123456789x123456789x123456789x123456789x123"},
        {"<Error><Code>"
         "x123456789x123456789x123456789x123456789x123456789x123456789x1234"
         "</Code></Error>",
         ""},
        {"<Fault><Code>NoSuchKey</Code></Fault>", ""},
        {"<Error><Inner><Code>NoSuchKey</Code></Inner></Error>", ""},
        {"<Error><Code>NoSuchKey</Code>", ""}, /* cut off */
        {"<html><body>502 Bad Gateway</body></html>", ""},
        {"", ""},
    };
    char code[S3_CODE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        s3_xml_error(str_of(cases[i].xml), code);
        assert_string_equal(code, cases[i].code);
    }
}

static void what_s3_does_not_send_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "text",
        "<a>",
        "<a></b>",
        "</a>",
        "<a/><b/>",
        "<a/>text",
        "text<a/>",
        "<a",
        "<a ",
        "<a b>",
        "<a b=c/>",
        "<a b='c/>",
        "<a b='<'/>",
        "<a/ >",
        "<a></a",
        "<a>&nbsp;</a>",
        "<a>&amp</a>",
        "<a>&#0;</a>",
        "<a>&#8;</a>",
        "<a>&#xd800;</a>",
        "<a>&#x110000;</a>",
        "<a>&#99999999;</a>",
        "<a>&#x;</a>",
        "<a>&#4a;</a>",
        "<a>\x01</a>",
        "<a>\xff</a>",
        "<a><!-- comment --></a>",
        "<a><![CDATA[x]]></a>",
        "<?xml version='1.0'><a/>",
        "<a><?php?></a>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        ("<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></a>"
         "</a></a></a></a></a></a></a>"),
    };
    struct err err = {0};

    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(s3_xml_completed(*state, str_of(wrong[i]), &err), ERR_INVALID);
        assert_int_equal(strncmp(err.msg, "malformed XML: ", 15), 0);
    }
}

static void each_failed_allocation_is_reported(void **state)
{
    const struct str xml = S("<ListBucketResult><Contents><Key>&amp;</Key><Size>1</Size>"
                             "</Contents></ListBucketResult>");
    enum err_code code = ERR_NOMEM;
    struct s3_objects page;
    long n = 0;

    (void)state;
    while (code) {
        AUTO(arena_closep) struct arena *tight = arena_open((size_t)n * 8 + 1);

        n++;
        assert_non_null(tight);
        code = s3_xml_objects(tight, xml, &page, NULL);
        assert_true(code == OK || code == ERR_NOMEM);
    }
    assert_true(n > 2);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(list_of_objects_is_read),
        WITH_ARENA(list_that_goes_on_says_how),
        WITH_ARENA(many_objects_are_read),
        WITH_ARENA(list_of_uploads_is_read),
        WITH_ARENA(malformed_times_are_refused),
        WITH_ARENA(entries_that_lack_a_field_are_refused),
        WITH_ARENA(ids_of_uploads_are_read),
        WITH_ARENA(completion_is_told_from_an_error),
        WITH_ARENA(codes_of_errors_are_plain_words),
        WITH_ARENA(what_s3_does_not_send_is_refused),
        WITH_ARENA(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
