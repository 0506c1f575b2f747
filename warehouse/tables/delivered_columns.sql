create table if not exists delivered_columns (
    feed varchar,
    name varchar,
    first_file_no bigint,
    gone_file_no bigint,
    is_mapped boolean,
    is_new boolean,
);
comment on table delivered_columns is 'One row per feed x column that its files have, or had: of files with columns, such as CSV, XLSX and Parquet, and of the keys of rows of JSON, at most 500 of them; which of those are gone is not known.
example: select feed, name, is_mapped from delivered_columns where gone_file_no is null order by all';
comment on column delivered_columns.feed is 'The [sources.NAME] entry of support.toml.';
comment on column delivered_columns.name is 'Its name, as delivered.';
comment on column delivered_columns.first_file_no is 'The first loaded file that had it: joins files.';
comment on column delivered_columns.gone_file_no is 'The first loaded file that no longer had it: joins files; null: the newest has it.';
comment on column delivered_columns.is_mapped is 'Whether a field is read from it; else its values are in the landed files alone, until it is mapped.';
comment on column delivered_columns.is_new is 'Whether it came after the feed''s first file.';
