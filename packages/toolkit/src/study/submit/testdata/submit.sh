#!/bin/sh
# Submits the runs of the study slurm and their merge; prints the name and the number of each job.
set -eu
cd "$(dirname "$0")"
job0=$(sbatch --parsable net-digits-chained-chain.sbatch)
echo net-digits-chained-chain "${job0%%;*}"
job1=$(sbatch --parsable net-digits-mse.sbatch)
echo net-digits-mse "${job1%%;*}"
job2=$(sbatch --parsable --dependency=afterany:${job0%%;*} net-digits-chained.sbatch ${job0%%;*})
echo net-digits-chained "${job2%%;*}"
job3=$(sbatch --parsable --dependency=afterany:${job1%%;*} net-digits-latency.sbatch ${job1%%;*})
echo net-digits-latency "${job3%%;*}"
merge=$(sbatch --parsable --dependency=afterany:${job0%%;*}:${job1%%;*}:${job2%%;*}:${job3%%;*} merge.sbatch ${job0%%;*} ${job1%%;*} ${job2%%;*} ${job3%%;*})
echo merge "${merge%%;*}"
