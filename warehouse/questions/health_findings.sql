-- One row per check and source that found something in the last run, errors first.
select severity, name, meaning, source, found, examples, from check_results order by severity, name, source
