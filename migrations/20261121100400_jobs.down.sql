DROP TABLE IF EXISTS job_schedule, job;
