# A bar in the last row below a scroll region, as apt and some installers draw it.
rows=$(tput lines)
cols=$(tput cols)
printf '\n\0337\033[0;%dr\0338\033[1A' $((rows - 1))
for percent in $(seq 0 4 100); do
    printf '\0337\033[%d;0f\033[42m\033[30mProgress: [%3d%%]\033[49m\033[39m [' "$rows" "$percent"
    filled=$(((cols - 22) * percent / 100))
    printf '%*s' "$filled" '' | tr ' ' '#'
    printf '%*s' $((cols - 22 - filled)) '' | tr ' ' '.'
    printf '] \0338'
    printf 'Unpacking package-%d (1.%d-1) over (1.0-1) ...\n' "$percent" "$percent"
    printf 'Setting up package-%d, with a line that is long enough to be wrapped on most terminals, even wide ones, it is hoped ...\n' "$percent"
done
printf '\0337\033[0;%dr\0338\033[1A\033[J' "$rows"
echo done
